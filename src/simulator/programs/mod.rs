//! What runs behind a command line or a pipeline that no rule of a script answers: a few commands of cmd.exe, a few
//! statements of PowerShell, and the wrapper in which Ansible sends a module.

mod ansible;
mod cmd;
mod command_line;
mod powershell;

use std::time::Duration;

pub(super) use ansible::Module;
pub(super) use command_line::Invocation;

/// What a program says, and how it ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Output {
    pub(super) stdout: String,
    pub(super) stderr: String,
    pub(super) exit_code: i64,
    /// How long it runs; what it says comes when it ends.
    pub(super) delay: Duration,
}

/// A program that has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Program {
    /// What it says at once.
    pub(super) output: Output,
    pub(super) reads: Reads,
}

/// What a program does with its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reads {
    /// Nothing.
    Nothing,
    /// Says it again, and ends when it ends.
    Copies,
    /// Ends at the first byte.
    AnyKey,
}

/// What a program may know of the world around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProgramContext<'w> {
    pub(super) machine: &'w str,
    /// The caller, as `DOMAIN\name`.
    pub(super) user: &'w str,
    /// What `ver` says, such as `10.0.20348`.
    pub(super) version: &'w str,
    /// What `$PSVersionTable.PSVersion` says, such as `5.1.20348.1`.
    pub(super) powershell: &'w str,
}

/// Begins a program of a cmd shell.
pub(super) fn begin(invocation: &Invocation, world: ProgramContext<'_>) -> Program {
    match invocation {
        Invocation::Cmd { inner, .. } => cmd::begin(inner, world),
        Invocation::PowerShell { script: Some(script), .. } => run(script, world).into(),
        Invocation::PowerShell { script: None, .. } => cmd::not_encoded().into(),
    }
}

/// Runs a text in PowerShell.
pub(super) fn run(script: &str, world: ProgramContext<'_>) -> Output {
    powershell::run(script, world)
}

impl From<Output> for Program {
    fn from(output: Output) -> Self {
        Self { output, reads: Reads::Nothing }
    }
}

impl Output {
    fn said(text: String) -> Self {
        Self { stdout: text, ..Self::default() }
    }

    fn failed(text: String) -> Self {
        Self { stderr: text, exit_code: 1, ..Self::default() }
    }
}
