//! The command end to end: arguments in; exit code, stdout and stderr out; a simulated server on loopback.

mod accounts;
#[cfg(target_os = "linux")]
mod complete;
#[cfg(any(target_os = "linux", windows))]
mod config;
mod denied;
mod echoes;
mod encodings;
#[cfg(target_os = "linux")]
mod examples_of_help;
mod exit_codes;
#[cfg(target_os = "linux")]
mod exposed;
mod failures;
#[cfg(any(target_os = "linux", windows))]
mod fleet;
#[cfg(unix)] // It mounts a disk.
mod full_disk;
#[cfg(target_os = "linux")]
mod gallery;
mod identify;
mod ids;
mod input;
#[cfg(target_os = "linux")]
mod interrupted;
mod inventory;
mod manual;
mod memory;
mod messages;
mod narrow;
mod notices;
mod objects;
mod old_certificate;
#[cfg(windows)]
mod on_windows;
#[cfg(target_os = "linux")]
mod output;
mod owners;
#[cfg(unix)]
mod pasted_examples;
mod pester;
#[cfg(unix)]
mod pins;
#[cfg(target_os = "linux")]
mod pipes;
#[cfg(target_os = "linux")]
mod positional;
mod powershell;
mod powershell_module;
#[cfg(target_os = "linux")]
mod progress;
#[cfg(target_os = "linux")]
mod record;
mod remove;
#[cfg(target_os = "linux")]
mod repetition;
mod report;
#[cfg(target_os = "linux")]
mod secrets;
mod session;
mod simulated_security;
mod small;
#[cfg(target_os = "linux")]
mod supervised;
#[cfg(target_os = "linux")]
pub(crate) mod ten_tasks;
#[cfg(target_os = "linux")]
mod terminal;
mod tls;
mod unsafe_text;
#[cfg(target_os = "linux")]
mod vocabulary;
mod wrong_scheme;

use std::time::Duration;

use pssession::simulator::{SimulatedShell, Simulator, World};

use crate::support::command::Pssession;

pub(crate) const BUILD_7: &str = "B6631D8E-65A0-49F2-9053-A1B156C95777";
pub(crate) const BUILD_8: &str = "0C2C5D0E-4B17-4B3C-8E0E-5C7A1D0B9A22";
pub(crate) const ALICE: &str = "11111111-65A0-49F2-9053-A1B156C95777";
pub(crate) const COMMAND: &str = "CF84C20A-0A35-43FA-AF78-0B4711DA5F30";

/// Where nobody listens. A port that was just closed may be another test's by the time it is tried.
pub(crate) const NOBODY: &str = "127.0.0.1:1";

/// A host with two shells of a CI account, one of them a cmd shell that runs something, and one of somebody else.
pub(crate) fn leaked() -> World {
    let (day, hour) = (Duration::from_secs(86_400), Duration::from_secs(3_600));
    let mut world = World::new("web01");
    world.add(
        SimulatedShell::powershell(BUILD_7, "build-7", "CONTOSO\\ci-runner", "Microsoft.PowerShell")
            .aged(day, hour * 3)
            .disconnected(),
    );
    world.add(
        SimulatedShell::cmd(BUILD_8, "CONTOSO\\ci-runner")
            .aged(day, hour * 4)
            .running(COMMAND, "msbuild.exe web.sln"),
    );
    world.add(SimulatedShell::powershell(ALICE, "Runspace1", "CONTOSO\\alice", "Microsoft.PowerShell"));
    world
}

pub(crate) async fn host(world: World) -> Simulator {
    Simulator::builder().world(world).start().await.unwrap()
}

/// `pssession VERB --on HOST ...`, logged in.
pub(crate) fn on(simulator: &Simulator, verb: &str, args: &[&str]) -> Pssession {
    let address = simulator.address().to_string();
    Pssession::new([&[verb, "--on", &address], args].concat()).login(simulator)
}

/// The ids of the shells that are left, in the server's order.
pub(crate) fn left(simulator: &Simulator) -> Vec<String> {
    let world = simulator.world();
    let world = world.lock().unwrap();
    world.shells().iter().map(|shell| shell.shell_id.clone()).collect()
}
