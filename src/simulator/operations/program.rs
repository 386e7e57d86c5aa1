//! What runs in a shell: which program a command line or a pipeline starts, and what its input leads to.

use std::time::Duration;

use crate::simulator::account::Account;
use crate::simulator::command_io::{Awaiting, CommandIo};
use crate::simulator::faults::{self, Provider, Refusal};
use crate::simulator::programs::{self, Invocation, Module, Output, ProgramContext};
use crate::simulator::psrp::Step;
use crate::simulator::script::ShellType;
use crate::simulator::world::World;

/// One command of one shell.
#[derive(Clone, Copy, Debug)]
pub(super) struct CommandAddress<'r> {
    pub(super) shell_id: &'r str,
    pub(super) command_id: &'r str,
}

impl World {
    /// Starts what a command line of a cmd shell names: what a rule says, or one of the few programs.
    pub(super) fn start_command(&mut self, line: &str, account: &Account, now: Duration) -> CommandIo {
        let invocation = Invocation::read(line);
        let texts = invocation.texts();
        if texts.first().is_some_and(|script| Module::is_wrapped_by(script)) {
            return CommandIo::awaiting(Awaiting::Module);
        }
        self.started = texts.first().map(|text| (*text).to_owned());
        match self.scripts.take(&texts, ShellType::Cmd) {
            Some(scripted) if scripted.reads_stdin => CommandIo::awaiting(Awaiting::Output(scripted.output)),
            Some(scripted) => CommandIo::begun(&scripted.output.into(), now),
            None => {
                let user = account.full_name();
                CommandIo::begun(&programs::begin(&invocation, self.program_context(&user)), now)
            }
        }
    }

    /// Gives a command what was sent to it, and does what follows.
    pub(super) fn feed(
        &mut self,
        address: CommandAddress<'_>,
        (bytes, is_end): (&[u8], bool),
        account: &Account,
        now: Duration,
    ) -> Result<(), Refusal> {
        let shell = self.shells.iter_mut().find(|shell| shell.shell_id == address.shell_id);
        let shell = shell.ok_or_else(Refusal::no_such_shell)?;
        let is_powershell = shell.is_powershell();
        let command = shell.command_mut(address.command_id).ok_or_else(Refusal::no_such_command)?;
        if is_powershell {
            let refusal = || Refusal::new(faults::INVALID_PARAMETER).by(Provider::PowerShell);
            if let Step::Runs { text, input } = command.console.pipeline.take(bytes).ok_or_else(refusal)? {
                let output = self.run_pipeline(&text, &input, account);
                self.play(address, &output, now);
            }
        } else if let Some((input, awaiting)) = command.console.feed(bytes, is_end, now)? {
            let output = match awaiting {
                Awaiting::Output(output) => output,
                Awaiting::Module => self.run_module(&String::from_utf8_lossy(&input), ShellType::Cmd),
            };
            self.play(address, &output, now);
        }
        Ok(())
    }

    fn run_pipeline(&mut self, text: &str, input: &str, account: &Account) -> Output {
        if Module::is_wrapped_by(text) {
            return self.run_module(input, ShellType::PowerShell);
        }
        self.started = Some(text.to_owned());
        match self.scripts.take(&[text], ShellType::PowerShell) {
            Some(scripted) => scripted.output,
            None => programs::run(text, self.program_context(&account.full_name())),
        }
    }

    fn run_module(&mut self, input: &str, shell_type: ShellType) -> Output {
        let Some(module) = Module::read(input) else {
            let stderr = "the input of Ansible's wrapper is not a manifest\r\n".to_owned();
            return Output { stderr, exit_code: 1, ..Output::default() };
        };
        let text = module.text();
        let scripted = self.scripts.take(&[&text], shell_type);
        self.started = Some(text);
        scripted.map_or_else(|| module.run(), |scripted| scripted.output)
    }

    fn play(&mut self, address: CommandAddress<'_>, output: &Output, now: Duration) {
        let Some(shell) = self.shells.iter_mut().find(|shell| shell.shell_id == address.shell_id) else {
            return;
        };
        let is_powershell = shell.is_powershell();
        let pool = &mut shell.tie.pool;
        let command = shell
            .commands
            .iter_mut()
            .find(|command| command.command_id.eq_ignore_ascii_case(address.command_id));
        let Some(command) = command else { return };
        if !is_powershell {
            command.console.play(output, now);
            return;
        }
        // Who took over a shell that was seeded has no pool here, and its client numbers by itself.
        if pool.is_none() {
            *pool = command.console.pipeline.pool();
        }
        if let Some(pool) = pool {
            command.console.play_pipeline(pool, output, now);
        }
    }

    fn program_context<'w>(&'w self, user: &'w str) -> ProgramContext<'w> {
        let traits = self.traits();
        let powershell = traits.versions.powershell;
        ProgramContext { machine: self.machine(), user, version: traits.os, powershell }
    }
}
