//! I/O module: `pssession man`: manual pages, on stdout or as files in a folder, and the PowerShell module.
#![expect(clippy::disallowed_methods, reason = "writes files, where it is asked to")]

use std::io::{self, Write as _};
use std::path::Path;
use std::path::PathBuf;

use clap::Args;
use clap::CommandFactory as _;

use super::Cli;
use crate::cli::diagnostic::Diagnostic;
use crate::cli::exit::Exit;
use crate::cli::manual;
use crate::cli::powershell::{MODULE, module_files};

/// What help shows below the options.
pub(crate) const EXAMPLES: &str = "\
Examples:
  pssession man | man -l -
  pssession man remove | man -l -
  pssession man Remove-PSSession | man -l -
  pssession man --dir /usr/local/share/man/man1
  pssession man --powershell-module ~/.local/share/powershell/Modules";

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The command to print the page of [default: pssession itself]
    #[arg(value_name = "COMMAND", conflicts_with_all = ["dir", "powershell_module"])]
    pub(crate) command: Option<String>,
    /// Write all pages into this directory, as pssession.1, pssession-get.1, ...
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub(crate) dir: Option<PathBuf>,
    /// Write the PowerShell module, whose functions run this command, into this directory, as
    /// Pssession/Pssession.psd1, ...
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub(crate) powershell_module: Option<PathBuf>,
}

pub(crate) fn run(args: &ManArgs) -> Result<Exit, Diagnostic> {
    if let Some(folder) = &args.dir {
        let pages = manual::pages(Cli::command())?;
        let files = pages.iter().map(|page| (page.file.as_str(), page.text.as_str()));
        write(folder, files).map_err(|error| cannot_write("--dir", "manual pages", folder, &error))?;
    }
    if let Some(folder) = &args.powershell_module {
        let files = module_files();
        let files = files.iter().map(|(name, text)| (*name, text.as_str()));
        write(&folder.join(MODULE), files)
            .map_err(|error| cannot_write("--powershell-module", "PowerShell module", folder, &error))?;
    }
    if args.dir.is_some() || args.powershell_module.is_some() {
        return Ok(Exit::SUCCESS);
    }
    let name = args.command.as_deref();
    let Some(page) = manual::find(Cli::command(), name)? else {
        let message = format!("unknown command {:?}", name.unwrap_or_default());
        return Err(Diagnostic::usage(message).with_hint("list the commands with `pssession help`"));
    };
    std::io::stdout().lock().write_all(page.text.as_bytes())?;
    Ok(Exit::SUCCESS)
}

fn write<'a>(folder: &Path, files: impl IntoIterator<Item = (&'a str, &'a str)>) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    files.into_iter().try_for_each(|(name, text)| std::fs::write(folder.join(name), text))
}

fn cannot_write(option: &str, what: &str, folder: &Path, error: &io::Error) -> Diagnostic {
    let message = format!("cannot write the {what} into {}", folder.display());
    Diagnostic::new("IOError", "WriteError", message, Exit::COULD_NOT_BEGIN)
        .about(folder.display().to_string())
        .caused_by(error)
        .with_hint(format!("give {option} a writable directory"))
}
