//! What a run must come to.

use std::collections::BTreeSet;

use super::fleet::{Answers, Fleet, ME, Shell};
use super::selection::{Choice, Judged};
use crate::support::command::Run;

/// The ways in which a run may end. There are several only where it depends on which host is asked first.
pub(super) struct Expectation {
    endings: Vec<Ending>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Ending {
    closed: BTreeSet<String>,
    code: i32,
}

impl Expectation {
    pub(super) fn of(fleet: &Fleet, choice: &Choice) -> Self {
        let mut endings = Vec::new();
        let any = |answers: &[Answers]| fleet.hosts.iter().any(|host| answers.contains(&host.answers));
        let admits = any(&[Answers::Well, Answers::DeniesListing]);
        let refuses = any(&[Answers::RefusesLogin]);
        if refuses {
            // The first host that is ready is one that refuses.
            endings.push(Ending { closed: BTreeSet::new(), code: 5 });
        }
        if admits || !refuses {
            endings.push(admitted(fleet, choice));
        }
        Self { endings }
    }

    pub(super) fn judge(&self, closed: &[&String], run: &Run) -> Result<(), String> {
        let closed: BTreeSet<String> = closed.iter().map(|id| (*id).clone()).collect();
        let ending = Ending { closed, code: run.code };
        match self.endings.contains(&ending) {
            true => Ok(()),
            false => Err(format!("expected {:?}\nbut saw {ending:?}", self.endings)),
        }
    }
}

/// How it ends where a host that accepts the login is asked first, or none refuses it.
fn admitted(fleet: &Fleet, choice: &Choice) -> Ending {
    let listed: Vec<&Shell> = fleet
        .hosts
        .iter()
        .filter(|host| host.answers == Answers::Well)
        .flat_map(|host| host.visible(fleet.administrator))
        .collect();
    let picked: Vec<&Shell> = listed.iter().copied().filter(|shell| choice.picks(shell)).collect();
    let chosen: Vec<&Shell> =
        picked.iter().copied().filter(|shell| choice.judge(shell) == Judged::Chosen).collect();
    let answered = fleet.hosts.iter().filter(|host| host.answers == Answers::Well).count();
    // Where commands cannot be listed the guard does not know that one runs.
    let is_seen_running = |shell: &Shell| shell.runs && !shell.unlisted_commands;
    let guarded = chosen.iter().any(|shell| shell.owner != ME || is_seen_running(shell)) || chosen.len() > 10;
    let nothing = BTreeSet::new();
    if guarded && !choice.yes && !choice.what_if {
        return Ending { closed: nothing, code: 6 };
    }
    let reached =
        fleet.hosts.iter().filter(|host| !matches!(host.answers, Answers::Never | Answers::NotAtAll));
    let all_reached = reached.clone().count() == fleet.hosts.len();
    let denied =
        fleet.hosts.iter().any(|host| matches!(host.answers, Answers::DeniesListing | Answers::RefusesLogin));
    let missed = |name: &&str| !listed.iter().any(|shell| shell.name == Some(*name));
    // Of hosts that gave no listing at all nobody knows what is missed.
    let literals: Vec<&str> =
        if choice.ignore_not_found || answered == 0 { Vec::new() } else { choice.literals() };
    let misses = literals.iter().copied().filter(missed).count();
    let found_any = !chosen.is_empty() || misses < literals.len();
    // What is left out because its commands cannot be listed counts, whether or not it would have been chosen.
    let unlisted = choice.skip_running && listed.iter().any(|shell| shell.unlisted_commands);
    let partial = (misses > 0 && found_any) || !all_reached || denied || unlisted;
    let code = match () {
        () if reached.count() == 0 => 1,
        () if partial => 4,
        () if misses > 0 => 3,
        () if chosen.is_empty() && !choice.ignore_not_found => 3,
        () => 0,
    };
    let closed = match choice.what_if {
        true => nothing,
        false => chosen.iter().map(|shell| shell.id.clone()).collect(),
    };
    Ending { closed, code }
}
