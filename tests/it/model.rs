//! The command against a model: random hosts, owners and options, real processes over loopback. For each run the model
//! says which sessions must be closed, which must be left, and the exit code.
//!
//! All chance comes from one number: `PSSESSION_MODEL_SEED=7 cargo test --test it model::one_seed -- --nocapture` runs
//! one again, and `PSSESSION_MODEL_SEEDS=5000 cargo test --test it model` runs many.
#![expect(clippy::print_stdout, reason = "one seed alone shows what it does")]

mod expectation;
mod fleet;
mod selection;

use std::sync::atomic::{AtomicU64, Ordering};

use fastrand::Rng;

use self::expectation::Expectation;
use self::fleet::Fleet;
use self::selection::Choice;
use crate::support::command::{Pssession, Run};

/// Enough to meet each option on each kind of host many times, in some twenty seconds.
const SEEDS: u64 = 200;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

#[test]
fn random_runs_close_and_say_what_the_model_says() {
    let seeds = number("PSSESSION_MODEL_SEEDS").unwrap_or(SEEDS);
    let next = AtomicU64::new(0);
    let work = || {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let mut wrong = Vec::new();
        while let Some(seed) = Some(next.fetch_add(1, Ordering::SeqCst)).filter(|seed| *seed < seeds) {
            wrong.extend(runtime.block_on(play(seed)).err());
        }
        wrong
    };
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{} of {seeds}:\n{}", wrong.len(), wrong.join("\n\n"));
}

/// Runs the seed that `PSSESSION_MODEL_SEED` names, or the first one, and shows it.
#[tokio::test(flavor = "multi_thread")]
async fn one_seed() {
    let seed = number("PSSESSION_MODEL_SEED").unwrap_or_default();
    println!("{}", play(seed).await.unwrap_or_else(|wrong| panic!("{wrong}")));
}

/// Plays one seed: its story, or what is wrong with it.
async fn play(seed: u64) -> Result<String, String> {
    let mut dice = Rng::with_seed(seed);
    let fleet = Fleet::draw(&mut dice).await;
    let choice = Choice::draw(&mut dice);
    let expected = Expectation::of(&fleet, &choice);
    let before = fleet.shells();
    let run = command(&fleet, &choice).run().await;
    let after = fleet.shells();
    let closed: Vec<&String> = before.iter().filter(|id| !after.contains(id)).collect();
    let story = tell(seed, &fleet, &choice, &run);
    match expected.judge(&closed, &run) {
        Ok(()) => Ok(story),
        Err(problem) => Err(format!("{problem}\n{story}")),
    }
}

fn command(fleet: &Fleet, choice: &Choice) -> Pssession {
    let servers = fleet.addresses().join(",");
    let common = ["remove", "--on", &servers, "--login-timeout", "1s"].map(str::to_owned);
    Pssession::new([&common[..], &choice.words()].concat())
        .env("PSSESSION_USER", &fleet.user)
        .env("PSSESSION_PASSWORD", fleet::PASSWORD)
}

fn tell(seed: u64, fleet: &Fleet, choice: &Choice, run: &Run) -> String {
    format!(
        "seed {seed}: {} as {}\n{fleet}\nexit code {}\n{}{}",
        choice.words().join(" "),
        fleet.user,
        run.code,
        run.stdout,
        run.stderr
    )
}
