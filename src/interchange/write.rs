//! Writing objects: JSON, one JSON object a line, CSV.

use std::borrow::Cow;
use std::io::{self, Write};

use serde_json::{Map, Value};

use super::record::removal_fields;
use crate::store::RowMetadata;
use crate::teardown::Record;
use crate::wsman::{is_printable, printable};

/// Writes one JSON array, indented.
///
/// # Errors
/// Those of `out`.
pub fn write_json(out: &mut impl Write, records: impl Iterator<Item = Map<String, Value>>) -> io::Result<()> {
    let mut before = "[";
    for record in records {
        // A line end inside a text is escaped, so each of these begins a line of the layout.
        let text = serde_json::to_string_pretty(&record)?.replace('\n', "\n  ");
        write!(out, "{before}\n  {}", escape_invisible(&text))?;
        before = ",";
    }
    writeln!(out, "{}", if before == "[" { "[]" } else { "\n]" })
}

/// Writes one JSON object per line.
///
/// # Errors
/// Those of `out`.
pub fn write_ndjson(
    out: &mut impl Write,
    mut records: impl Iterator<Item = Map<String, Value>>,
) -> io::Result<()> {
    records.try_for_each(|record| writeln!(out, "{}", escape_invisible(&serde_json::to_string(&record)?)))
}

/// Writes what [`removal_record`](super::removal_record) returns as one line, without making it.
///
/// # Errors
/// Those of `out`.
pub fn write_removal(out: &mut impl Write, removed: &Record, note: Option<&RowMetadata>) -> io::Result<()> {
    let mut line = Vec::with_capacity(USUAL_BYTES);
    serde_json::to_writer(&mut line, &removal_fields(removed, note))?;
    if !is_plain(&line) {
        line = escape_invisible(&String::from_utf8_lossy(&line)).into_owned().into_bytes();
    }
    line.push(b'\n');
    out.write_all(&line)
}

/// How the values of a CSV are changed for its reader. By default they are as the server sent them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CsvOptions {
    /// Replaces characters that a terminal would obey or hide.
    pub printable: bool,
    /// Puts an apostrophe before a value that a spreadsheet would take for a formula (OWASP, CSV Injection).
    pub escape_formulas: bool,
}

/// Writes a CSV with a header, such as [`SESSION_PROPERTIES`](super::SESSION_PROPERTIES), whose names are the keys of all
/// records in their order. Null is empty, and the items of a list are separated by blanks.
///
/// # Errors
/// Those of `out`.
pub fn write_csv(
    out: &mut impl Write,
    header: &[&str],
    records: impl Iterator<Item = Map<String, Value>>,
    options: CsvOptions,
) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(header)?;
    for record in records {
        let fields = record.values().map(field);
        let fields = fields.map(|field| if options.escape_formulas { without_formula(field) } else { field });
        if options.printable {
            writer.write_record(fields.map(|field| printable(&field)))?;
        } else {
            writer.write_record(fields)?;
        }
    }
    writer.flush()
}

/// A leading apostrophe makes it a text.
fn without_formula(field: String) -> String {
    if field.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{field}") } else { field }
}

/// Null is empty, text stands bare, a list is separated by blanks.
fn field(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(field).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

/// Whether nothing needs an escape. It looks at all bytes without a branch, so that the compiler can look at many at once.
fn is_plain(json: &[u8]) -> bool {
    let is_plain = |byte: u8| (b' '..=b'~').contains(&byte) | (byte == b'\n');
    json.chunks(SCANNED).all(|bytes| bytes.iter().fold(true, |plain, byte| plain & is_plain(*byte)))
}

/// How many bytes are looked at before asking whether one of them was not plain.
const SCANNED: usize = 1024;

/// About the bytes of a removal; only the first allocation depends on it.
const USUAL_BYTES: usize = 1280;

/// The same JSON with `\u` escapes for characters that a terminal would obey or hide.
#[must_use]
pub fn escape_invisible(json: &str) -> Cow<'_, str> {
    if is_plain(json.as_bytes()) {
        return Cow::Borrowed(json);
    }
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        // The serializer escapes all control characters below U+0020; what is left of them is its own layout.
        if character == '\n' || is_printable(character) {
            text.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::interchange::removal_record;
    use crate::session::{SeenOn, SessionDescriptor};
    use crate::store::Origin;
    use crate::teardown::Plan;
    use crate::wsman::{CommandId, Shell, ShellId};

    #[test]
    fn hidden_characters_are_spelt_out_and_mean_the_same() {
        let name = "a\u{9b}31m\u{202e}b\u{7f}夜\u{1b}\n\u{ad}\u{e0041}";
        let value = serde_json::json!([{ "Name": name }]);
        let plain = serde_json::to_string_pretty(&value).unwrap();
        let text = escape_invisible(&plain);
        assert!(text.contains(r"a\u009b31m\u202eb\u007f夜\u001b\n\u00ad\udb40\udc41"), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn an_array_is_laid_out_as_the_serializer_would_do_it() {
        let record = |name: &str| {
            let Value::Object(record) = serde_json::json!({ "Name": name, "CommandIds": ["a", "b"] }) else {
                unreachable!()
            };
            record
        };
        for records in [vec![], vec![record("a\nb")], vec![record("a"), record("")]] {
            let mut out = Vec::new();
            write_json(&mut out, records.clone().into_iter()).unwrap();
            let whole = serde_json::to_string_pretty(&records).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), whole + "\n");
        }
    }

    #[test]
    fn a_table_of_nothing_still_has_its_header() {
        let mut out = Vec::new();
        write_csv(&mut out, &["Schema", "Id"], std::iter::empty(), FILE).unwrap();
        assert_eq!(out, b"Schema,Id\n");
    }

    #[test]
    fn a_removal_is_one_line_with_what_its_record_holds() {
        let mut shell = Shell::new(ShellId::from_server("B6631D8E-65A0-49F2-9053-A1B156C95777"), "urn:shell");
        shell.idle_timeout = Some(Duration::from_millis(7_200_500));
        (shell.process_id, shell.owner) = (Some(7), Some(r"LAB\ada".into()));
        let seen_on = SeenOn { host: "web01", url: "http://web01:5985/wsman", port: 5985 };
        let session = SessionDescriptor::from_shell(shell, seen_on, "ada", SystemTime::UNIX_EPOCH);
        let commands = Some(vec![CommandId::from_server("C\u{202e}")]);
        for record in Plan::new(vec![SessionDescriptor { commands, ..session }]).what_if() {
            for note in [None, Some(RowMetadata::new(Origin::Listed))] {
                let (mut line, mut lines) = (Vec::new(), Vec::new());
                write_removal(&mut line, &record, note.as_ref()).unwrap();
                let map = removal_record(&record, note.as_ref());
                write_ndjson(&mut lines, std::iter::once(map)).unwrap();
                assert_eq!(String::from_utf8(line).unwrap(), String::from_utf8(lines).unwrap());
            }
        }
    }

    const FILE: CsvOptions = CsvOptions { printable: false, escape_formulas: false };

    #[test]
    fn what_looks_like_a_formula_is_text_for_a_spreadsheet_and_as_it_is_for_everybody_else() {
        let written = |cell: &str, reader| {
            let Value::Object(record) = serde_json::json!({ "Name": cell, "Owner": null, "Port": 5985 })
            else {
                unreachable!()
            };
            let mut out = Vec::new();
            write_csv(&mut out, &["Name", "Owner", "Port"], [record].into_iter(), reader).unwrap();
            let mut read = csv::ReaderBuilder::new().from_reader(out.as_slice());
            let row: Vec<String> = read.deserialize().next().unwrap().unwrap();
            assert_eq!(row.get(1..), Some(&[String::new(), "5985".to_owned()][..]));
            row.into_iter().next().unwrap()
        };
        let spreadsheet = CsvOptions { escape_formulas: true, ..FILE };
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=\u{202e}", "-"] {
            assert_eq!(written(cell, spreadsheet), format!("'{cell}"));
            assert_eq!(written(cell, FILE), cell);
        }
        for cell in ["build-7", "", "a=1", " =1", "'=1", "CONTOSO\\ann", "\n=1", "\u{202e}x"] {
            assert_eq!(written(cell, spreadsheet), cell);
        }
    }
}
