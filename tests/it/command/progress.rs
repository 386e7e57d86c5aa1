//! How far a long run is, said on a terminal and nowhere else.

use std::time::{Duration, Instant};

use pssession::simulator::{InjectedFault, OperationKind, SimulatedShell, Simulator, World};
use secrecy::ExposeSecret as _;

use super::{NOBODY, host, leaked, on};
use crate::support::pty::{Pty, available};

/// Longer than the command waits before it says how far it is.
const SLOW: Duration = Duration::from_millis(1500);

async fn slow_at(kind: OperationKind) -> Simulator {
    let mut world = leaked();
    world.inject(kind, 1, InjectedFault::Delay(SLOW));
    host(world).await
}

/// `get` from the slow host and from one where nobody listens, logged in.
fn get_from_two(simulator: &Simulator) -> Pty {
    let hosts = format!("{},{NOBODY}", simulator.address());
    Pty::new(["get", "--on", &hosts, "-o", "name"])
        .env("PSSESSION_USER", &simulator.user())
        .env("PSSESSION_PASSWORD", simulator.password().expose_secret())
}

#[tokio::test]
async fn a_slow_host_shows_how_many_are_listed_and_nothing_of_it_is_left() {
    if !available() {
        return;
    }
    let simulator = slow_at(OperationKind::Enumerate).await;
    let shown = get_from_two(&simulator).answer(&[]).await.expect(4);
    shown.shows("listed 0 of 2 hosts");
    let left = shown.left();
    assert!(!left.contains("listed"), "{left}");
    assert!(left.starts_with("error: cannot list the sessions on"), "{left}");
}

#[tokio::test]
async fn a_quick_run_a_verbose_one_and_a_dumb_terminal_show_none() {
    if !available() {
        return;
    }
    let simulator = host(leaked()).await;
    let twice = format!("localhost:{}", simulator.port());
    let began = Instant::now();
    let shown = Pty::on(&simulator, "get", &["--on", &twice]).answer(&[]).await.expect(0);
    // On a machine that is busy elsewhere no run is quick.
    let quick = began.elapsed() < Duration::from_millis(400);
    assert!(!quick || !shown.screen.contains(" of 2 hosts"), "{}", shown.screen);
    for (name, value, more) in [("TERM", "dumb", ""), ("TERM", "xterm", "-v")] {
        let simulator = slow_at(OperationKind::Enumerate).await;
        let shown = get_from_two(&simulator).env(name, value).and(more).answer(&[]).await.expect(4);
        assert!(!shown.screen.contains(" of 2 hosts"), "{}", shown.screen);
    }
}

/// Seven shells, of which the third cannot be closed and this one takes long.
async fn stubborn(slow: usize) -> Simulator {
    let mut world = World::new("web01");
    for number in 0..7 {
        let id = format!("0000000{number}-65A0-49F2-9053-A1B156C95777");
        world.add(SimulatedShell::powershell(&id, "build", "CONTOSO\\ci-runner", "Microsoft.PowerShell"));
        let injected_fault = match number {
            2 => InjectedFault::Fault(5),
            number if number == slow => InjectedFault::Delay(SLOW),
            _ => continue,
        };
        world.inject_for(OperationKind::Delete, &id, 1, injected_fault);
    }
    host(world).await
}

#[tokio::test]
async fn closing_many_counts_them_and_an_error_or_a_record_takes_the_line_away_first() {
    if !available() {
        return;
    }
    let simulator = stubborn(6).await;
    let remove = ["--all", "--yes", "--connections-per-host", "1"];
    let shown = Pty::on(&simulator, "remove", &remove).answer(&[]).await.expect(4);
    // The Deletes are counted while they are answered; nothing is proven before the host is listed again.
    shown.shows("deleted 5, proven 0 of 7");
    let left = shown.left();
    assert!(!left.contains(" of 7"), "{left}");
    assert!(left.starts_with("error: could not remove session 3 `build`"), "{left}");

    let simulator = stubborn(6).await;
    let shown = Pty::on(&simulator, "remove", &[&remove[..], &["-o", "ndjson"]].concat());
    let left = shown.answer(&[]).await.expect(4).left();
    assert!(left.lines().all(|line| line.starts_with('{')), "{left}");
}

#[tokio::test]
async fn sessions_that_were_never_begun_are_not_counted_after_ctrl_c() {
    if !available() {
        return;
    }
    let simulator = stubborn(3).await;
    let remove = ["--all", "--yes", "--connections-per-host", "1"];
    let typed = [("deleted 2, proven 0 of 7", "\x03")];
    let shown = Pty::on(&simulator, "remove", &remove).answer(&typed).await.expect(130);
    shown.shows("7 sessions on 1 host: 3 closed, 1 failed, 3 not started");
    let proven =
        shown.screen.split(", proven ").skip(1).filter_map(|rest| rest.split(' ').next()?.parse().ok());
    assert!(proven.max() <= Some(3), "{}", shown.screen);
}

#[tokio::test]
async fn a_single_host_that_does_not_answer_is_named() {
    if !available() {
        return;
    }
    let mut world = leaked();
    world.inject(OperationKind::Enumerate, 1, InjectedFault::Delay(2 * SLOW));
    let simulator = host(world).await;
    let shown = Pty::on(&simulator, "get", &["-o", "name"]).answer(&[]).await.expect(0);
    shown.shows(&format!("waiting for {} (", simulator.address()));
    assert!(!shown.left().contains("waiting"), "{}", shown.left());
}

#[tokio::test]
async fn a_pipe_gets_not_a_byte_of_it() {
    let simulator = stubborn(6).await;
    let run = on(&simulator, "remove", &["--all", "--yes"]).run().await.expect(4);
    assert!(!run.stderr.contains("proven 0 of 7") && !run.stderr.contains('\r'), "{}", run.stderr);
    if !available() {
        return;
    }
    let simulator = slow_at(OperationKind::Enumerate).await;
    let shown = get_from_two(&simulator).and("2>/dev/null").answer(&[]).await.expect(4);
    assert!(!shown.screen.contains(" of 2 hosts"), "{}", shown.screen);
}
