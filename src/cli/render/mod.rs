//! What stdout shows: a table for a person, records for a program.

mod cell;
mod colour;
mod columns;
mod conformance;
mod counts;
mod frame;
mod grid;
mod junit;
mod list;
mod live;
mod powershell;
mod progress_line;
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

use super::args::{CountKey, Format, OutputArgs, ReportFormat, SortKey};
use super::terminal;
use super::ui::Ui;
pub(crate) use colour::{Surroundings, is_coloured};
use columns::Shown;
pub(crate) use conformance::junit;
pub(crate) use counts::{listing_summary, sessions_on_hosts};
pub(crate) use frame::frame;
pub(crate) use live::junit as live_junit;
pub(crate) use progress_line::ProgressLine;
pub(crate) use table::{TableView, session_table};
pub(crate) use text::{duration, plural, printable, summary};

/// Rows below a header, one line each, however long.
pub(crate) fn text_table(header: &[&'static str], rows: Vec<Vec<String>>) -> String {
    let rows = rows.into_iter().map(|row| row.iter().map(|cell| visible(cell).into_owned()).collect());
    grid::plain(header, rows.collect())
}

/// Writes sessions to stdout, in a format for a program with all that the table keeps of them.
pub(crate) fn sessions(ui: &Ui, rows: &Rows, output: &OutputArgs) -> io::Result<()> {
    if !ui.writes_records() {
        return Ok(());
    }
    let mut out = stdout();
    let (format, sessions) = (ui.format(), rows.sessions());
    let is_powershell = ui.powershell().is_some() && output.columns.is_empty();
    match format {
        Format::Table | Format::Wide | Format::List if rows.is_empty() => {}
        Format::Table | Format::Wide => write!(out, "{}", sessions_text(ui, sessions, output))?,
        Format::List if is_powershell => {
            for (session, note) in sessions.iter().zip(rows.notes()) {
                let record = session_record(session, Some(note));
                write!(out, "\n{}", powershell::block(session, record))?;
            }
            writeln!(out)?;
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

/// Sessions as the table that stdout shows; nothing where there are none.
pub(crate) fn sessions_text(ui: &Ui, sessions: &[SessionDescriptor], output: &OutputArgs) -> String {
    let format = ui.format();
    if sessions.is_empty() {
        return String::new();
    }
    if format == Format::Table && ui.powershell().is_some() && output.columns.is_empty() {
        return powershell::table(sessions, terminal::width_of_stdout());
    }
    let view = TableView { running: true, ..view(format, output) };
    format!("{}\n", session_table(sessions, view))
}

/// How many sessions there are of each kind, as the table that stdout shows; nothing where there are none.
pub(crate) fn counts_text(
    ui: &Ui,
    sessions: &[SessionDescriptor],
    keys: &[CountKey],
    output: &OutputArgs,
) -> String {
    let counts = counts::counts(sessions, keys);
    if counts.is_empty() {
        return String::new();
    }
    format!("{}\n", table::count_table(&counts, keys, view(ui.format(), output)))
}

/// The rows in the order that these keys ask for.
pub(crate) fn sorted(rows: Rows, keys: &[SortKey]) -> Rows {
    if keys.is_empty() {
        return rows;
    }
    let shown: Vec<_> = rows.sessions().iter().map(Shown::session).collect();
    let order = columns::sorted(&shown, keys);
    rows.into_picked(&order)
}

/// Imported rows in the order that these keys ask for.
pub(crate) fn sorted_imports(
    rows: Vec<Row>,
    outcomes: Vec<Imported>,
    keys: &[SortKey],
) -> (Vec<Row>, Vec<Imported>) {
    if keys.is_empty() {
        return (rows, outcomes);
    }
    let shown: Vec<_> = rows.iter().map(|row| Shown::session(&row.session)).collect();
    let order = columns::sorted(&shown, keys);
    let mut imported: Vec<_> = rows.into_iter().zip(outcomes).map(Some).collect();
    order.iter().filter_map(|position| imported.get_mut(*position)?.take()).unzip()
}

/// Writes to stdout how many sessions there are of each kind.
pub(crate) fn session_counts(
    ui: &Ui,
    sessions: &[SessionDescriptor],
    keys: &[CountKey],
    output: &OutputArgs,
) -> io::Result<()> {
    if !ui.writes_records() {
        return Ok(());
    }
    let (mut out, format) = (stdout(), ui.format());
    match format {
        Format::Table | Format::Wide | Format::Name => {
            write!(out, "{}", counts_text(ui, sessions, keys, output))?;
        }
        _ => {
            let counts = counts::counts(sessions, keys);
            let header = counts::count_properties(keys);
            records(&mut out, format, &header, counts.iter().map(counts::count_record))?;
        }
    }
    out.flush()
}

/// Writes what became of sessions to stdout; `metadata` is what is kept beside each.
pub(crate) fn removals(
    format: Format,
    removed: &[Record],
    metadata: &[RowMetadata],
    output: &OutputArgs,
    running: bool,
) -> io::Result<()> {
    let mut out = stdout();
    let pairs: Vec<(&Record, Option<&RowMetadata>)> =
        removed.iter().zip(metadata.iter().map(Some).chain(std::iter::repeat(None))).collect();
    let pairs = if output.sort.is_empty() {
        pairs
    } else {
        let shown: Vec<_> = removed.iter().map(Shown::removal).collect();
        let order = columns::sorted(&shown, &output.sort);
        order.iter().filter_map(|position| pairs.get(*position).copied()).collect()
    };
    let removed = pairs.iter().map(|(record, _)| *record);
    match format {
        Format::Table | Format::Wide if pairs.is_empty() => {}
        Format::Table | Format::Wide => {
            let view = TableView { running, ..view(format, output) };
            write_table(&mut out, &table::removal_table(removed, view))?;
        }
        Format::Name => names(&mut out, removed.map(|record| &*record.session))?,
        _ => {
            let header = [SESSION_PROPERTIES, REMOVAL_PROPERTIES].concat();
            let objects = pairs.iter().map(|(removed, metadata)| removal_record(removed, *metadata));
            records(&mut out, format, &header, objects)?;
        }
    }
    out.flush()
}

/// Writes imported sessions, as they stand in the table, to stdout.
pub(crate) fn imports(ui: &Ui, rows: &[Row], outcomes: &[Imported], output: &OutputArgs) -> io::Result<()> {
    if !ui.writes_records() {
        return Ok(());
    }
    let (mut out, format) = (stdout(), ui.format());
    match format {
        Format::Table | Format::Wide if rows.is_empty() => {}
        Format::Table | Format::Wide => {
            write_table(&mut out, &table::import_table(rows, outcomes, view(format, output)))?;
        }
        Format::Name => names(&mut out, rows.iter().map(|row| &row.session))?,
        _ => {
            let header = [SESSION_PROPERTIES, IMPORT_PROPERTIES].concat();
            let objects = rows.iter().zip(outcomes).map(|(row, imported)| imported_record(row, *imported));
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
    let mut out = stdout();
    match report_format(chosen) {
        ReportFormat::Table => conformance::table(&mut out, report)?,
        ReportFormat::Json => write_json(&mut out, conformance::records(report))?,
        ReportFormat::Ndjson => write_ndjson(&mut out, conformance::records(report))?,
    }
    out.flush()
}

/// Writes what came of the checks of a live endpoint to stdout.
pub(crate) fn live_report(
    chosen: Option<ReportFormat>,
    endpoint: &str,
    report: &pssession::conformance::live::LiveReport,
) -> io::Result<()> {
    let mut out = stdout();
    match report_format(chosen) {
        ReportFormat::Table => live::table(&mut out, report, style())?,
        ReportFormat::Json => write_json(&mut out, live::records(endpoint, report))?,
        ReportFormat::Ndjson => write_ndjson(&mut out, live::records(endpoint, report))?,
    }
    out.flush()
}

/// Writes the checks themselves to stdout.
pub(crate) fn live_checks(
    chosen: Option<ReportFormat>,
    selection: &pssession::conformance::live::Selection,
) -> io::Result<()> {
    let mut out = stdout();
    match report_format(chosen) {
        ReportFormat::Table => live::list(&mut out, selection, style())?,
        ReportFormat::Json => write_json(&mut out, live::list_records(selection))?,
        ReportFormat::Ndjson => write_ndjson(&mut out, live::list_records(selection))?,
    }
    out.flush()
}

fn report_format(chosen: Option<ReportFormat>) -> ReportFormat {
    let usual = if io::stdout().is_terminal() { ReportFormat::Table } else { ReportFormat::Ndjson };
    chosen.unwrap_or(usual)
}

/// Large tables are written in large pieces.
fn stdout() -> impl Write {
    io::BufWriter::new(io::stdout().lock())
}

/// How a table without options of its own is written to stdout.
fn style() -> grid::GridStyle {
    let (width, colour) = (terminal::width_of_stdout(), terminal::stdout_has_colour());
    grid::GridStyle { width, colour, no_headers: false }
}

/// How a table is written to stdout.
fn view(format: Format, output: &OutputArgs) -> TableView<'_> {
    TableView {
        columns: &output.columns,
        wide: format == Format::Wide,
        running: false,
        width: terminal::width_of_stdout(),
        colour: terminal::stdout_has_colour(),
        no_headers: output.no_headers,
    }
}

fn write_table(out: &mut impl Write, table: &str) -> io::Result<()> {
    writeln!(out, "{table}")
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
