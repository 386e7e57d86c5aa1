//! Shells for a demo: plausible, varied, the same in every run.

use std::time::Duration;

use super::guids::upper;
use super::shells::SimulatedShell;
use super::world::World;

impl World {
    /// A host called `simulator` with `count` shells.
    #[must_use]
    pub fn with_shells(count: usize) -> Self {
        Self::populated("simulator", count, 1)
    }

    /// A host with `count` shells of several owners: PowerShell sessions, connected and disconnected, some of them
    /// busy, cmd shells, and one on another endpoint. Another `seed` gives other ids, addresses and times.
    #[must_use]
    pub fn populated(machine: &str, count: usize, seed: u64) -> Self {
        let mut world = Self::seeded(machine, seed);
        world.populate(count);
        world
    }

    /// Adds `count` more shells of that kind.
    pub fn populate(&mut self, count: usize) {
        let first = self.shells.len();
        for number in first..first.saturating_add(count) {
            let shell = self.plausible_shell(number);
            self.add(shell);
        }
    }

    fn plausible_shell(&mut self, number: usize) -> SimulatedShell {
        let shell_id = upper(self.guids.next_guid());
        let (owner, name, kind) =
            pick(CAST, number).copied().unwrap_or(("CONTOSO\\alice", "Runspace", Kind::Idle));
        let name = format!("{name}{}", number + 1);
        let minutes = |guids: u64, most: u64| Duration::from_secs(60 * (guids % most + 1));
        let idle = minutes(self.guids.next_number(), 90);
        let older = minutes(self.guids.next_number(), 2_880);
        let busy = Duration::from_secs(self.guids.next_number() % 20);
        let shell = match kind {
            Kind::Cmd => SimulatedShell::cmd(&shell_id, owner)
                .aged(older + busy, busy)
                .running(&upper(self.guids.next_guid()), "msbuild.exe web.sln /t:Rebuild"),
            Kind::IdleCmd => SimulatedShell::cmd(&shell_id, owner).aged(older + idle, idle),
            Kind::Jea => SimulatedShell::powershell(&shell_id, &name, owner, "JEA.Maintenance")
                .aged(older + idle, idle),
            Kind::Busy => SimulatedShell::powershell(&shell_id, &name, owner, "Microsoft.PowerShell")
                .aged(older + busy, busy)
                .running(&upper(self.guids.next_guid()), ""),
            Kind::Idle => SimulatedShell::powershell(&shell_id, &name, owner, "Microsoft.PowerShell")
                .aged(older + idle, idle),
            Kind::Left => SimulatedShell::powershell(&shell_id, &name, owner, "Microsoft.PowerShell")
                .aged(older + idle, idle)
                .disconnected(),
        };
        let host = self.guids.next_number() % 200 + 20;
        let process_id = u32::try_from(self.guids.next_number() % 8_000 + 1_000).ok();
        SimulatedShell {
            client_ip: if number % 9 == 8 {
                format!("2001:db8::{host:x}")
            } else {
                format!("192.0.2.{host}")
            },
            process_id: shell.process_id.and(process_id),
            ..shell
        }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    /// A PowerShell session, connected and idle.
    Idle,
    /// A PowerShell session that runs a pipeline.
    Busy,
    /// A PowerShell session that was left disconnected.
    Left,
    /// A PowerShell session on a restricted endpoint.
    Jea,
    /// A cmd shell that runs a command.
    Cmd,
    /// A cmd shell that a job has leaked.
    IdleCmd,
}

/// Who has which shells, over and over.
const CAST: &[(&str, &str, Kind)] = &[
    ("CONTOSO\\ci-runner", "build-", Kind::Left),
    ("CONTOSO\\alice", "Runspace", Kind::Busy),
    ("CONTOSO\\svc-deploy", "", Kind::Cmd),
    ("CONTOSO\\ci-runner", "build-", Kind::Idle),
    ("CONTOSO\\svc-deploy", "deploy-", Kind::Left),
    ("CONTOSO\\ci-runner", "build-", Kind::Busy),
    ("CONTOSO\\bob", "patching-", Kind::Jea),
    ("CONTOSO\\ci-runner", "", Kind::IdleCmd),
];

fn pick<T>(items: &[T], number: usize) -> Option<&T> {
    items.get(number.checked_rem(items.len())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seeded_world_is_the_same_every_time_and_differs_by_seed() {
        let ids = |seed| World::populated("web01", 12, seed).shells().to_vec();
        assert_eq!(ids(1), ids(1));
        assert_ne!(ids(1), ids(2));
    }

    #[test]
    fn twelve_shells_hold_every_kind_that_a_demo_wants() {
        let world = World::with_shells(12);
        let shells = world.shells();
        assert_eq!(shells.len(), 12);
        assert!(shells.iter().any(|shell| shell.is_disconnected()));
        assert!(shells.iter().any(|shell| shell.state.is_none()));
        assert!(shells.iter().any(|shell| shell.resource_uri.ends_with("JEA.Maintenance")));
        assert!(shells.iter().any(|shell| shell.commands.iter().any(|command| command.running)));
        assert!(shells.iter().all(|shell| shell.inactivity <= shell.idle_timeout));
    }
}
