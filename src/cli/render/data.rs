//! Records for a program: JSON, one JSON object a line, CSV.

use std::io::{self, Write};

use serde_json::{Map, Value};

use super::text::printable;

/// One JSON array.
pub(super) fn json(out: &mut impl Write, records: &[Map<String, Value>]) -> io::Result<()> {
    let text = serde_json::to_string_pretty(records)?;
    writeln!(out, "{}", visible(&text))
}

/// One JSON object a line.
pub(super) fn ndjson(out: &mut impl Write, records: &[Map<String, Value>]) -> io::Result<()> {
    records.iter().try_for_each(|record| writeln!(out, "{}", visible(&serde_json::to_string(record)?)))
}

/// A header and a line a record. On a terminal text is made safe to show; elsewhere it stays what the server said.
pub(super) fn csv(
    out: &mut impl Write,
    header: &[&str],
    records: &[Map<String, Value>],
    on_terminal: bool,
) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(header)?;
    for record in records {
        let fields = record.values().map(field);
        if on_terminal {
            writer.write_record(fields.map(|field| printable(&field)))?;
        } else {
            writer.write_record(fields)?;
        }
    }
    writer.flush()
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

/// JSON in which what a terminal would obey or hide is spelt out, which means the same to every reader.
pub(crate) fn visible(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        // The serializer escapes all control characters below U+0020; what is left of them is its own layout.
        if character == '\n' || printable(character.encode_utf8(&mut [0; 4])).starts_with(character) {
            text.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_spelt_out_and_mean_the_same() {
        let name = "a\u{9b}31m\u{202e}b\u{7f}夜\u{1b}\n";
        let value = serde_json::json!([{ "Name": name }]);
        let text = visible(&serde_json::to_string_pretty(&value).unwrap());
        assert!(text.contains(r"a\u009b31m\u202eb\u007f夜\u001b\n"), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn a_table_of_nothing_still_has_its_header() {
        let mut out = Vec::new();
        csv(&mut out, &["Schema", "Id"], &[], false).unwrap();
        assert_eq!(out, b"Schema,Id\n");
    }
}
