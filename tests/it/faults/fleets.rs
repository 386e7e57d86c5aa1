//! Sixty-four hosts, some of which do not take the proof of a credential as they should.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use pssession::teardown::{Cancellation, Engine, HostCounts, Outcome, Requirement, RunSummary};
use pssession::{Plan, Policy};

use super::clock;
use crate::transport::fleet::Fleet;
use crate::transport::fleet::Verdict::{self, Accept, AcceptOnce, Cut, Refuse, Silent};

/// How a run against a fleet ended.
pub(super) struct FleetRow {
    pub(super) name: &'static str,
    pub(super) closed: usize,
    pub(super) exit_code: u8,
    pub(super) proofs: usize,
    /// Why a host was not listed, and how many there are of that.
    pub(super) reasons: BTreeMap<String, usize>,
}

const HOSTS: usize = 64;

/// What the page says of fleets. Which host is asked first is decided by which is known to have accepted the account.
pub(super) fn rows() -> Vec<FleetRow> {
    let with = |others: Verdict, some: &[(usize, Verdict)]| {
        let mut verdicts = [others; HOSTS];
        some.iter().for_each(|(host, verdict)| verdicts[*host] = *verdict);
        verdicts
    };
    let side_by_side = Policy::default;
    let one_by_one = || Policy::default().with_parallel_hosts(1);
    vec![
        run("each accepts", with(Accept, &[]), &[], side_by_side()),
        run("one refuses a right password", with(Accept, &[(4, Refuse)]), &[0], side_by_side()),
        run(
            "one refuses it, and is the first that is asked",
            with(Accept, &[(4, Refuse)]),
            &[4],
            side_by_side(),
        ),
        run("one closes the connection, and is the first", with(Accept, &[(4, Cut)]), &[4], side_by_side()),
        run("one is silent, and is the first", with(Accept, &[(4, Silent)]), &[4], side_by_side()),
        run(
            "two close the connection, and are the first",
            with(Accept, &[(3, Cut), (4, Cut)]),
            &[3, 4],
            side_by_side(),
        ),
        run("two close it, and another is known", with(Accept, &[(3, Cut), (4, Cut)]), &[7], side_by_side()),
        run("each refuses", with(Refuse, &[]), &[], side_by_side()),
        run(
            "each refuses, and the first accepted the password before it was changed",
            with(Refuse, &[(0, AcceptOnce)]),
            &[0],
            one_by_one(),
        ),
    ]
}

fn run(name: &'static str, verdicts: [Verdict; HOSTS], known: &[usize], policy: Policy) -> FleetRow {
    clock::run(|steps: Arc<AtomicUsize>| async move {
        let fleet = Fleet::of(steps, verdicts).await.known(known.iter().copied());
        let engine = Engine::new(policy);
        let cancellation = Cancellation::new();
        let survey = engine.survey(fleet.connectors(), &cancellation).await;
        let mine = survey.sessions().into_iter().filter(|session| session.shell.shell_id.as_str() == "A");
        let plan: Vec<_> = mine.collect();
        let host_results = survey.host_results();
        let mut reasons = BTreeMap::new();
        for error in survey.hosts().iter().filter_map(|host| host.listing()?.err()) {
            *reasons.entry(error.chain()).or_default() += 1;
        }
        let summary =
            RunSummary { hits: plan.len(), required: Some(Requirement::Present), ..RunSummary::default() };
        let report = engine.run(Plan::new(plan), survey, &cancellation, |_| ()).await;
        let summary = summary.with_hosts(HostCounts::after(&report, &host_results));
        FleetRow {
            name,
            closed: report.records.iter().filter(|record| record.outcome == Outcome::Closed).count(),
            exit_code: super::exit_code(report.status(&summary)),
            proofs: fleet.proofs().len(),
            reasons,
        }
    })
}

#[test]
fn no_host_among_64_spoils_the_run_for_the_others_unless_nobody_accepted() {
    let figures = |row: &FleetRow| (row.closed, row.exit_code, row.proofs);
    let rows: Vec<_> = rows().iter().map(|row| (row.name, figures(row))).collect();
    assert_eq!(
        rows.iter().map(|(_, figures)| *figures).collect::<Vec<_>>(),
        [
            (64, 0, 64),
            (63, 4, 64),
            (0, 5, 1),
            (63, 4, 64),
            (63, 4, 64),
            (0, 5, 2),
            (62, 4, 64),
            (0, 5, 1),
            (1, 5, 5)
        ],
        "{rows:?}"
    );
}
