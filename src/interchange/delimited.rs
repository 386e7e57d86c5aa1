//! CSV with a header: our own, what PowerShell's `Export-Csv` and `ConvertTo-Csv` write, and what a spreadsheet makes of
//! it, with semicolons or tabs.

use std::collections::HashSet;

use super::choice::IDENTIFYING;
use super::intake::{Intake, Lines};
use super::object::ObjectPosition;
use super::property::{Field, Properties, Property, short};

pub(super) const SEPARATORS: [char; 3] = [',', ';', '\t'];

/// Reads the header and every record below it.
pub(super) fn read(text: &str, intake: &mut Intake) {
    let table = table(text);
    let above = text.len() - table.len();
    let mut lines = Lines::of(text);
    let header_line = lines.at(above);
    let mut at = |position: Option<&csv::Position>| {
        let offset = position.and_then(|position| usize::try_from(position.byte()).ok());
        offset.map_or(ObjectPosition::Whole, |offset| lines.at(above + offset))
    };
    // The reader takes whatever follows an open quote for text, and would not notice.
    if table.matches('"').count() % 2 == 1 {
        let last = 1 + text.trim_end().matches('\n').count();
        return intake.refuse(
            ObjectPosition::Line(last),
            "a quote is not closed: the CSV ends unexpectedly".to_owned(),
        );
    }
    let mut reader = csv::ReaderBuilder::new().delimiter(separator(table)).from_reader(table.as_bytes());
    let columns = match reader.headers().map_err(|error| problem(&error)).and_then(columns) {
        Ok(columns) => columns,
        Err(problem) => return intake.refuse(header_line, problem),
    };
    // A line that breaks off in its last column would look whole.
    if !table.ends_with('\n') {
        let last = 1 + text.matches('\n').count();
        let problem =
            "the last line has no newline: the CSV may be truncated; if it is complete, add a newline";
        return intake.refuse(ObjectPosition::Line(last), problem.to_owned());
    }
    let mut record = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => return,
            Ok(true) => {
                let found = Ok(properties(&columns, &record));
                if intake.take(at(record.position()), found).is_err() {
                    return;
                }
            }
            Err(error) => {
                intake.refuse(at(error.position()), problem(&error));
                if !matches!(error.kind(), csv::ErrorKind::UnequalLengths { .. }) {
                    return;
                }
            }
        }
    }
}

/// What stands below blank lines and PowerShell's `#TYPE`.
fn table(text: &str) -> &str {
    let mut table = text.trim_start();
    if table.get(..5).is_some_and(|mark| mark.eq_ignore_ascii_case("#TYPE")) {
        table = table.split_once('\n').map_or("", |(_, below)| below);
    }
    table
}

/// Whichever stands most often in the header.
fn separator(table: &str) -> u8 {
    let header = table.lines().next().unwrap_or_default();
    let best = SEPARATORS.into_iter().rev().max_by_key(|separator| header.matches(*separator).count());
    best.and_then(|separator| u8::try_from(separator).ok()).unwrap_or(b',')
}

/// What each column means, if anything.
fn columns(header: &csv::StringRecord) -> Result<Vec<Option<Property>>, String> {
    let mut seen = HashSet::new();
    for name in header.iter().map(str::trim).filter(|name| !name.is_empty()) {
        if !seen.insert(name.to_lowercase()) {
            return Err(format!("duplicate column {:?}; column names are case-insensitive", short(name)));
        }
    }
    let columns: Vec<_> =
        header.iter().enumerate().map(|(at, name)| Property::find(name.trim(), at)).collect();
    if columns.iter().flatten().any(|property| IDENTIFYING.contains(property)) {
        Ok(columns)
    } else {
        let names: Vec<_> = IDENTIFYING.iter().map(|property| property.name()).collect();
        Err(format!("neither JSON nor CSV with one of these columns in its header: {}", names.join(", ")))
    }
}

fn properties<'r>(columns: &[Option<Property>], record: &'r csv::StringRecord) -> Properties<'r> {
    let mut properties = Properties::default();
    for (property, text) in columns.iter().zip(record) {
        if let Some(property) = property {
            // No column is there twice.
            let _ = properties.add(*property, Field::cell(*property, text));
        }
    }
    properties
}

fn problem(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} fields, but the header has {expected_len}; the line may be truncated")
        }
        _ => format!("not CSV: {error}"),
    }
}
