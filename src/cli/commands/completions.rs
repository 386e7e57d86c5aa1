//! `pssession completions`: the script for a shell.

use std::io::Write as _;

use clap::Args;

use crate::cli::complete;
use crate::cli::complete::Shell;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::exit::Exit;

/// What help shows below the options.
pub(crate) const EXAMPLES: &str = "\
The script runs `pssession` from the PATH. Sessions come from the local table; no server is contacted.

Installation:
  bash         in ~/.bashrc                    source <(pssession completions bash)
  zsh          in ~/.zshrc, after compinit     source <(pssession completions zsh)
  fish         in ~/.config/fish/config.fish   pssession completions fish | source
  PowerShell   in $PROFILE                     pssession completions powershell | Out-String | Invoke-Expression

Examples:
  pssession completions bash > /etc/bash_completion.d/pssession
  pssession completions zsh > /usr/local/share/zsh/site-functions/_pssession
  pssession completions fish > ~/.config/fish/completions/pssession.fish";

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell to generate the script for
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

pub(crate) fn run(args: &CompletionsArgs) -> Result<Exit, Diagnostic> {
    std::io::stdout().lock().write_all(complete::script(args.shell)?.as_bytes())?;
    Ok(Exit::SUCCESS)
}
