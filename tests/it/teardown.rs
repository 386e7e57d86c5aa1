//! The engine against simulated hosts, without a network and in paused time.

mod closing;
mod events;
mod failing;
mod halting;
mod listing;
mod many;
mod panicking;
mod patience;
mod proof;
mod relisting;
mod remembered;

use std::sync::{Arc, Mutex, MutexGuard};

use pssession::session::SessionDescriptor;
use pssession::simulator::{Account, SimulatedShell, World, WorldConnector};
use pssession::teardown::{Cancellation, Engine, Plan, Policy, Record, Report, SignalMode, Survey};
use pssession::transport::{Connector, Endpoint};

/// The account that closes sessions in these tests.
pub(crate) const ADMIN: &str = r"CONTOSO\admin";
const OTHER: &str = r"CONTOSO\alice";

/// Simulated hosts, and the way to each.
pub(crate) struct Lab {
    worlds: Vec<Arc<Mutex<World>>>,
    connectors: Vec<Arc<dyn Connector>>,
}

impl Lab {
    /// One host with the shells that `shells` makes.
    pub(crate) fn with(shells: impl IntoIterator<Item = SimulatedShell>) -> Self {
        Self::of(vec![shells.into_iter().collect()], &Account::administrator(ADMIN))
    }

    /// A host per list of shells.
    pub(crate) fn of(hosts: Vec<Vec<SimulatedShell>>, account: &Account) -> Self {
        let mut lab = Self { worlds: Vec::new(), connectors: Vec::new() };
        for (number, shells) in hosts.into_iter().enumerate() {
            let name = format!("web{:02}.lab", number + 1);
            let mut world = World::seeded(&name, 7 + u64::try_from(number).unwrap());
            shells.into_iter().for_each(|shell| world.add(shell));
            let world = Arc::new(Mutex::new(world));
            let endpoint = Endpoint::parse(&name, false).unwrap();
            lab.connectors.push(Arc::new(WorldConnector::new(Arc::clone(&world), endpoint, account.clone())));
            lab.worlds.push(world);
        }
        lab
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.worlds[0].lock().unwrap()
    }

    pub(crate) fn host(&self, index: usize) -> MutexGuard<'_, World> {
        self.worlds[index].lock().unwrap()
    }

    pub(crate) fn connectors(&self) -> Vec<Arc<dyn Connector>> {
        self.connectors.clone()
    }

    /// Lists, plans everything that was listed, and runs the plan.
    pub(crate) async fn close_all(&self, policy: Policy) -> Report {
        self.close(policy, |_| true).await
    }

    /// Lists, plans what `chosen` picks, and runs the plan.
    pub(crate) async fn close(&self, policy: Policy, chosen: impl Fn(&SessionDescriptor) -> bool) -> Report {
        let engine = Engine::new(policy);
        let (plan, survey) = self.plan(&engine, chosen).await;
        engine.run(plan, survey, &Cancellation::new(), |_| {}).await
    }

    pub(crate) async fn plan(
        &self,
        engine: &Engine,
        chosen: impl Fn(&SessionDescriptor) -> bool,
    ) -> (Plan, Survey) {
        let survey = engine.survey(self.connectors(), &Cancellation::new()).await;
        (Plan::new(survey.sessions().into_iter().filter(chosen)), survey)
    }

    /// The ids of the shells that are left on the first host.
    pub(crate) fn left(&self) -> Vec<String> {
        self.world().shells().iter().map(|shell| shell.shell_id.clone()).collect()
    }

    /// What the first host was asked, as `Kind` or `Kind id`.
    pub(crate) fn asked(&self) -> Vec<String> {
        let entry = |kind: String, id: Option<&str>| match id {
            Some(id) => format!("{kind} {id}"),
            None => kind,
        };
        let world = self.world();
        world.log().map(|e| entry(format!("{:?}", e.kind), e.shell_id.as_deref())).collect()
    }
}

/// A PowerShell session of the closing account.
pub(crate) fn ours(id: &str) -> SimulatedShell {
    SimulatedShell::powershell(id, "Runspace1", ADMIN, "Microsoft.PowerShell")
}

/// One of somebody else.
fn theirs(id: &str) -> SimulatedShell {
    SimulatedShell::powershell(id, "Runspace1", OTHER, "Microsoft.PowerShell")
}

pub(crate) fn no_signals() -> Policy {
    Policy::default().with_signal(SignalMode::Never)
}

pub(crate) fn outcomes(report: &Report) -> Vec<String> {
    report.records.iter().map(|record: &Record| record.outcome.to_string()).collect()
}
