//! `pssession import FILE...`: objects into the local table, all of them or none.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use pssession::interchange::{
    ObjectError, ReadErrors as Refused, SessionObject as Object, SessionReference as Subject,
};
use pssession::session::Transport;
use pssession::store::{Imported, Row};

use super::{Context, objects, resolve};
use crate::cli::args::ImportArgs;
use crate::cli::config::Naming;
use crate::cli::diagnostic::{Diagnostic, DiagnosticFormat};
use crate::cli::exit::Exit;
use crate::cli::render::{self, plural, printable};
use crate::cli::resolve_options::Extent;

/// How many changed Ids are told one by one; stdout tells them all.
const MAX_MAPPINGS: usize = 20;

/// What has not happened where something is bad.
const UNDONE: &str = "nothing was imported";

pub(crate) async fn run(args: &ImportArgs, context: &Context) -> Result<Exit, Diagnostic> {
    one_reader_of_stdin(&args.files)?;
    let format = context.format(&args.output)?;
    let naming = Naming { config: context.config(&args.config)?, tls: args.tls };
    let mut rows = Vec::new();
    for path in &args.files {
        let found = objects::read(path, Extent::Whole, &naming, UNDONE, context.style)?;
        rows.extend(sessions(found).map_err(|errors| objects::refused(path, &errors, UNDONE))?);
    }
    let talk = DiagnosticFormat::beside(args.output.output) == DiagnosticFormat::Text;
    if rows.is_empty() {
        if talk {
            writeln!(std::io::stderr().lock(), "nothing to import")?;
        }
        render::imports(format, &[])?;
        return Ok(Exit::SUCCESS);
    }
    let table = context.table(&args.table);
    let imported = resolve::known(table.as_ref())?.import(rows).await?;
    let shown = render::imports(format, &imported);
    if talk {
        writeln!(std::io::stderr().lock(), "{}", summary(&imported))?;
    }
    shown?;
    Ok(Exit::SUCCESS)
}

/// What `-` stands for can be read once.
fn one_reader_of_stdin(files: &[PathBuf]) -> Result<(), Diagnostic> {
    if files.iter().filter(|path| path.as_path() == Path::new("-")).count() > 1 {
        return Err(
            Diagnostic::usage("stdin is given more than once").with_hint("stdin can be read only once")
        );
    }
    Ok(())
}

/// Only sessions that say where they are can stand in the table.
fn sessions(objects: Vec<Object>) -> Result<Vec<Row>, Refused> {
    let mut rows = Vec::with_capacity(objects.len());
    let mut refused = Refused::default();
    for Object { position, reference } in objects {
        let problem = match reference {
            Subject::Id { .. } | Subject::Rows { .. } | Subject::Unbound(_) => "has no ShellId or InstanceId",
            Subject::Session(row)
                if row.session.transport == Transport::WsMan && row.session.endpoint_url.is_empty() =>
            {
                "has neither Endpoint nor ComputerName"
            }
            Subject::Session(row) => {
                rows.push(*row);
                continue;
            }
        };
        refused.add(ObjectError::new(position, problem));
    }
    if refused.is_empty() { Ok(rows) } else { Err(refused) }
}

/// How many there are, and which Ids are not those that they came with.
fn summary(imported: &[(Row, Imported)]) -> String {
    let new = imported.iter().filter(|(_, imported)| imported.is_new).count();
    let known = imported.len() - new;
    let mut lines = vec![format!(
        "imported {}: {new} new{}",
        plural(imported.len(), "session"),
        if known > 0 { format!(", {known} known before") } else { String::new() }
    )];
    let changed = imported.iter().filter_map(|(row, imported)| {
        let given = imported.given.filter(|given| *given != imported.id)?;
        let session = &row.session;
        let name = printable(session.name().unwrap_or(session.shell.shell_id.as_str()));
        Some(format!(
            "Id {} is {} here: {name} on {}",
            given.0,
            imported.id.0,
            printable(&session.computer_name)
        ))
    });
    let more = changed.clone().count().saturating_sub(MAX_MAPPINGS);
    lines.extend(changed.take(MAX_MAPPINGS));
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines.join("\n")
}
