//! What stdout shows: a table for a person, records for a program.

mod conformance;
mod grid;
mod junit;
mod list;
mod powershell;
mod table;
mod text;

use std::io::{self, IsTerminal as _, Write};

use pssession::SessionDescriptor;
pub(crate) use pssession::interchange::escape_invisible as visible;
use pssession::interchange::{
    CsvOptions, IMPORT_PROPERTIES, REMOVAL_PROPERTIES, SESSION_PROPERTIES, imported_record, removal_record,
    session_record, write_csv, write_json, write_ndjson,
};
use pssession::session::parse_session_values;
use pssession::store::{Imported, Row, RowMetadata, Rows};
use pssession::teardown::Record;
use serde_json::{Map, Value};

use super::args::{Format, ReportFormat};
use super::terminal;
use super::ui::Ui;
pub(crate) use junit::junit;
pub(crate) use table::{Room, session_table};
pub(crate) use text::{duration, plural, printable, summary};

/// Rows below a header, one line each, however long.
pub(crate) fn text_table(header: Vec<&'static str>, rows: Vec<Vec<String>>) -> String {
    let rows =
        rows.into_iter().map(|row| row.iter().map(|cell| visible(cell).into_owned()).collect()).collect();
    grid::Grid::new(header, rows).text()
}

/// Writes sessions to stdout, in a format for a program with all that the table keeps of them.
pub(crate) fn sessions(ui: &Ui, rows: &Rows) -> io::Result<()> {
    let mut out = stdout();
    let (format, sessions) = (ui.format(), rows.sessions());
    let is_powershell = ui.powershell().is_some();
    match format {
        Format::Table | Format::List if rows.is_empty() => {}
        Format::Table if is_powershell => {
            write!(out, "{}", powershell::table(sessions, terminal::width_of_stdout()))?;
        }
        Format::List if is_powershell => {
            for (session, note) in sessions.iter().zip(rows.notes()) {
                let record = session_record(session, Some(note));
                write!(out, "\n{}", powershell::block(session, record))?;
            }
            writeln!(out)?;
        }
        Format::Table | Format::Wide if rows.is_empty() => {}
        Format::Table | Format::Wide => {
            let room = Room { running: true, ..room(format) };
            writeln!(out, "{}", session_table(sessions, room))?;
        }
        Format::Name => names(&mut out, sessions.iter())?,
        _ => {
            let pairs = sessions.iter().zip(rows.notes());
            let objects = pairs.map(|(session, note)| session_record(session, Some(note)));
            records(&mut out, format, SESSION_PROPERTIES, objects)?;
        }
    }
    out.flush()
}

/// Writes what became of sessions to stdout; `metadata` is what is kept beside each.
pub(crate) fn removals(format: Format, removed: &[Record], metadata: &[RowMetadata]) -> io::Result<()> {
    let mut out = stdout();
    match format {
        Format::Table | Format::Wide if removed.is_empty() => {}
        Format::Table | Format::Wide => writeln!(out, "{}", table::removal_table(removed, room(format)))?,
        Format::Name => names(&mut out, removed.iter().map(|removed| &*removed.session))?,
        _ => {
            let header = [SESSION_PROPERTIES, REMOVAL_PROPERTIES].concat();
            let beside = metadata.iter().map(Some).chain(std::iter::repeat(None));
            let objects = removed.iter().zip(beside);
            let objects = objects.map(|(removed, metadata)| removal_record(removed, metadata));
            records(&mut out, format, &header, objects)?;
        }
    }
    out.flush()
}

/// Writes imported sessions, as they stand in the table, to stdout.
pub(crate) fn imports(format: Format, imported: &[(Row, Imported)]) -> io::Result<()> {
    let mut out = stdout();
    match format {
        Format::Table | Format::Wide if imported.is_empty() => {}
        Format::Table | Format::Wide => writeln!(out, "{}", table::import_table(imported, room(format)))?,
        Format::Name => names(&mut out, imported.iter().map(|(row, _)| &row.session))?,
        _ => {
            let header = [SESSION_PROPERTIES, IMPORT_PROPERTIES].concat();
            let objects = imported.iter().map(|(row, imported)| imported_record(row, *imported));
            records(&mut out, format, &header, objects)?;
        }
    }
    out.flush()
}

/// Writes what came of judged exchanges to stdout.
pub(crate) fn conformance(
    chosen: Option<ReportFormat>,
    report: &pssession::conformance::Report,
) -> io::Result<()> {
    let usual = if io::stdout().is_terminal() { ReportFormat::Table } else { ReportFormat::Ndjson };
    let mut out = stdout();
    match chosen.unwrap_or(usual) {
        ReportFormat::Table => conformance::table(&mut out, report)?,
        ReportFormat::Json => write_json(&mut out, conformance::records(report))?,
        ReportFormat::Ndjson => write_ndjson(&mut out, conformance::records(report))?,
    }
    out.flush()
}

/// Large tables are written in large pieces.
fn stdout() -> impl Write {
    io::BufWriter::new(io::stdout().lock())
}

fn room(format: Format) -> Room {
    Room { wide: format == Format::Wide, running: false, width: terminal::width_of_stdout() }
}

fn names<'a>(out: &mut impl Write, sessions: impl Iterator<Item = &'a SessionDescriptor>) -> io::Result<()> {
    for session in sessions {
        writeln!(out, "{}", name(session))?;
    }
    Ok(())
}

/// What names this session to `remove`, and no other. A server may give an id that is no GUID, and looks like an Id.
fn name(session: &SessionDescriptor) -> String {
    let shell_id = &session.shell.shell_id;
    match (shell_id.guid(), session.id) {
        (None, Some(id)) => id.0.to_string(),
        (None, None) if parse_session_values(&[shell_id.as_str()]).is_ok() => {
            format!("ShellId={}", printable(shell_id.as_str()))
        }
        _ => printable(shell_id.as_str()),
    }
}

/// What `sessions` writes into a pipe.
#[cfg(any(test, fuzzing))]
pub(crate) fn sessions_as(format: Format, rows: &[Row]) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let objects = rows.iter().map(|row| session_record(&row.session, Some(&row.note)));
    match format {
        Format::Csv => {
            let pipe = CsvOptions::default();
            write_csv(&mut out, SESSION_PROPERTIES, objects, pipe)?;
        }
        _ => records(&mut out, format, SESSION_PROPERTIES, objects)?,
    }
    Ok(out)
}

/// Each object is made when its turn comes: all of a large table at once would take more memory than the table.
fn records(
    out: &mut impl Write,
    format: Format,
    header: &[&str],
    records: impl Iterator<Item = Map<String, Value>>,
) -> io::Result<()> {
    match format {
        Format::Csv | Format::CsvSafe => {
            let printable = io::stdout().is_terminal();
            let options = CsvOptions { printable, escape_formulas: format == Format::CsvSafe };
            write_csv(out, header, records, options)
        }
        Format::Json => write_json(out, records),
        Format::List => list::list(out, records),
        Format::Ndjson => write_ndjson(out, records),
        // They are no records, and written before.
        Format::Table | Format::Wide | Format::Name => Ok(()),
    }
}
