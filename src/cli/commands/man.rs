//! DOOR: `pssession man`: manual pages, on stdout or as files in a folder.
#![expect(clippy::disallowed_methods, reason = "this door writes files, where it is asked to")]

use std::io::Write as _;
use std::path::Path;

use clap::CommandFactory as _;

use crate::cli::args::{Cli, ManArgs};
use crate::cli::diagnostic::Diagnostic;
use crate::cli::exit::Exit;
use crate::cli::manual;

pub(crate) fn run(args: &ManArgs) -> Result<Exit, Diagnostic> {
    if let Some(folder) = &args.dir {
        return write_all(folder);
    }
    let name = args.command.as_deref();
    let Some(page) = manual::find(Cli::command(), name)? else {
        let message = format!("there is no command {:?}", name.unwrap_or_default());
        return Err(Diagnostic::usage(message).with_hint("`pssession help` lists the commands"));
    };
    std::io::stdout().lock().write_all(page.text.as_bytes())?;
    Ok(Exit::SUCCESS)
}

fn write_all(folder: &Path) -> Result<Exit, Diagnostic> {
    let write = || {
        std::fs::create_dir_all(folder)?;
        let pages = manual::pages(Cli::command())?;
        pages.iter().try_for_each(|page| std::fs::write(folder.join(&page.file), &page.text))
    };
    write().map_err(|error| {
        let message = format!("cannot write the manual pages into {}", folder.display());
        Diagnostic::new("IOError", "WriteError", message, Exit::COULD_NOT_BEGIN)
            .about(folder.display().to_string())
            .caused_by(&error)
            .with_hint("--dir takes a folder that can be written")
    })?;
    Ok(Exit::SUCCESS)
}
