//! CSV with a header: our own, what PowerShell's `Export-Csv` and `ConvertTo-Csv` write, and what a spreadsheet makes of
//! it, with semicolons or tabs.

use std::collections::HashSet;

use super::choice::IDENTIFYING;
use super::intake::{Intake, Lines};
use super::object::ObjectPosition;
use super::property::{Field, Properties, Property, short};

pub(super) const SEPARATORS: [char; 3] = [',', ';', '\t'];

/// A header and the records below it, as their text comes.
#[derive(Default)]
pub(super) struct Table {
    header: Option<Header>,
    /// Lines in front of the text to come, and quotes.
    lines: usize,
    quotes: usize,
    /// Shorter texts hold no whole record.
    shortest: usize,
}

struct Header {
    separator: u8,
    columns: Vec<Option<Property>>,
}

impl Table {
    /// Whether a text with this first line can be read so from the start. What else may be one is known at its end.
    pub(super) fn begins_with(line: &str) -> bool {
        line.starts_with('#') || line.contains(SEPARATORS) && !line.contains('|')
    }

    /// Reads what is whole in the text; at the end all of it. Gives how much that is, or nothing if the rest does not matter.
    pub(super) fn read(&mut self, text: &str, is_end: bool, intake: &mut Intake) -> Option<usize> {
        if !is_end && text.len() < self.shortest {
            return Some(0);
        }
        let table = if self.header.is_none() { table(text) } else { text };
        if self.header.is_none() && !is_end && !table.contains('\n') {
            return Some(0);
        }
        let above = text.len() - table.len();
        let mut lines = Lines::from_line(self.lines + 1, text);
        let separator = self.header.as_ref().map_or_else(|| separator(table), |header| header.separator);
        let mut reader = csv::ReaderBuilder::new();
        let reader = reader.delimiter(separator).has_headers(false).flexible(true);
        let mut reader = reader.from_reader(table.as_bytes());
        let mut record = csv::StringRecord::new();
        let mut read = 0;
        loop {
            let found = reader.read_record(&mut record);
            let end = usize::try_from(reader.position().byte()).unwrap_or(table.len());
            let is_last = matches!(found, Ok(false));
            // A record at the end of the text may go on.
            if !is_end && (is_last || end >= table.len()) {
                break;
            }
            let begin = record.position().and_then(|position| usize::try_from(position.byte()).ok());
            let position = lines.at(above + begin.unwrap_or_default());
            match (found, &self.header) {
                (Err(error), _) => {
                    intake.refuse(position, format!("not CSV: {error}"));
                    return None;
                }
                (Ok(_), None) => match columns(&record) {
                    Ok(columns) => self.header = Some(Header { separator, columns }),
                    Err(problem) => {
                        intake.refuse(position, problem);
                        return None;
                    }
                },
                (Ok(false), Some(_)) => break,
                (Ok(true), Some(Header { columns, .. })) if record.len() != columns.len() => {
                    let (fields, columns) = (record.len(), columns.len());
                    let problem =
                        format!("{fields} fields, but the header has {columns}; the line may be truncated");
                    intake.refuse(position, problem);
                }
                (Ok(true), Some(Header { columns, .. })) => {
                    intake.take(position, Ok(properties(columns, &record))).ok()?;
                }
            }
            read = above + end;
        }
        if is_end {
            self.check_end(text, intake);
            return Some(text.len());
        }
        let passed = text.get(..read).unwrap_or_default();
        self.lines += passed.matches('\n').count();
        self.quotes += passed.matches('"').count();
        self.shortest = if read == 0 { text.len().saturating_mul(2) } else { 0 };
        Some(read)
    }

    /// Refuses a table that does not end as one does.
    fn check_end(&self, text: &str, intake: &mut Intake) {
        // The reader takes whatever follows an open quote for text, and would not notice.
        if (self.quotes + text.matches('"').count()) % 2 == 1 {
            let last = self.lines + 1 + text.trim_end().matches('\n').count();
            let problem = "a quote is not closed: the CSV ends unexpectedly";
            intake.refuse_all(ObjectPosition::Line(last), problem.to_owned());
        // A line that breaks off in its last column would look whole.
        } else if !text.ends_with('\n') {
            let last = self.lines + 1 + text.matches('\n').count();
            let problem =
                "the last line has no newline: the CSV may be truncated; if it is complete, add a newline";
            intake.refuse_all(ObjectPosition::Line(last), problem.to_owned());
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
