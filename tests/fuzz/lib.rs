//! All targets by their names. The functions that they call stand where `cargo test` calls them as well.
#![cfg(fuzzing)]

#[allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "the targets use a few of the command's modules"
)]
#[path = "../../src/cli/mod.rs"]
mod cli;
#[path = "../it/support/oracles.rs"]
mod oracles;
#[path = "../it/support/wildcards.rs"]
mod wildcards;

/// Runs a target on an input.
///
/// # Panics
/// It has found something, or there is no target of this name.
pub fn run(target: &str, data: &[u8]) {
    let targets = [oracles::TARGETS, cli::fuzzing::TARGETS, pssession::fuzzing::TARGETS];
    let found = targets.into_iter().flatten().find(|(name, _)| *name == target);
    let (_, run) = found.unwrap_or_else(|| panic!("there is no target {target}"));
    run(data);
}
