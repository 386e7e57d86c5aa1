//! What stdout shows: a table for a person, records for a program.

mod data;
mod grid;
mod list;
mod record;
mod table;
mod text;

use std::io::{self, IsTerminal as _, Write};

use pssession::SessionDescriptor;
use pssession::teardown::Record;
use serde_json::{Map, Value};

use super::args::Format;
use super::terminal;
pub(crate) use data::visible;
use record::{REMOVAL_PROPERTIES, SESSION_PROPERTIES, session_record};
pub(crate) use record::{planned_record, removal_record, time};
pub(crate) use table::{Room, session_table};
pub(crate) use text::{plural, printable, summary};

/// A table on a terminal, NDJSON into a pipe, unless `-o` decides otherwise.
pub(crate) fn format_or_default(chosen: Option<Format>) -> Format {
    chosen.unwrap_or_else(|| if io::stdout().is_terminal() { Format::Table } else { Format::Ndjson })
}

/// Writes sessions to stdout.
pub(crate) fn sessions(format: Format, sessions: &[SessionDescriptor]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match format {
        Format::Table | Format::Wide if sessions.is_empty() => Ok(()),
        Format::Table | Format::Wide => writeln!(out, "{}", session_table(sessions, room(format))),
        Format::Name => names(&mut out, sessions.iter()),
        _ => records(&mut out, format, SESSION_PROPERTIES, sessions.iter().map(session_record).collect()),
    }
}

/// Writes what became of the sessions of a plan to stdout.
pub(crate) fn removals(format: Format, removed: &[Record]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match format {
        Format::Table | Format::Wide if removed.is_empty() => Ok(()),
        Format::Table | Format::Wide => writeln!(out, "{}", table::removal_table(removed, room(format))),
        Format::Name => names(&mut out, removed.iter().map(|removed| &removed.session)),
        _ => {
            let header = [SESSION_PROPERTIES, REMOVAL_PROPERTIES].concat();
            records(&mut out, format, &header, removed.iter().map(removal_record).collect())
        }
    }
}

fn room(format: Format) -> Room {
    Room { wide: format == Format::Wide, width: terminal::width_of_stdout() }
}

fn names<'a>(out: &mut impl Write, sessions: impl Iterator<Item = &'a SessionDescriptor>) -> io::Result<()> {
    for session in sessions {
        writeln!(out, "{}", printable(session.shell.shell_id.as_str()))?;
    }
    Ok(())
}

fn records(
    out: &mut impl Write,
    format: Format,
    header: &[&str],
    records: Vec<Map<String, Value>>,
) -> io::Result<()> {
    match format {
        Format::Csv => data::csv(out, header, &records, io::stdout().is_terminal()),
        Format::Json => data::json(out, &records),
        Format::List => write!(out, "{}", list::list(&records)),
        _ => data::ndjson(out, &records),
    }
}
