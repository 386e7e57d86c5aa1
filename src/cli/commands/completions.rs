//! `pssession completions`: the script for a shell.

use std::io::Write as _;

use crate::cli::args::CompletionsArgs;
use crate::cli::complete;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::exit::Exit;

pub(crate) fn run(args: &CompletionsArgs) -> Result<Exit, Diagnostic> {
    std::io::stdout().lock().write_all(complete::script(args.shell)?.as_bytes())?;
    Ok(Exit::SUCCESS)
}
