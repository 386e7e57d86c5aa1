//! Files that PowerShell 7.6.9 wrote of real sessions, held against what those sessions were.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::record::session_record;
use super::tests::{naming, now};
use super::*;
use crate::transport::Endpoint;

const INDEX: &str = include_str!("../../fixtures/powershell/serialized/index.json");

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_bytes!(concat!("../../fixtures/powershell/serialized/", $name)).as_slice())),*]
    };
}

const FILES: [(&str, &[u8]); 14] = files![
    "all.csv",
    "all.depth1.clixml",
    "all.json-inputobject.json",
    "common.depth4.clixml",
    "common.selected.csv",
    "none-inputobject.json",
    "none.clixml",
    "one-container.json",
    "one-disconnected.asarray-depth1-enums.json",
    "one-https.json",
    "one-plain.json",
    "one-ssh.asarray-depth1-enums.json",
    "one-unnamed.json",
    "one-vm.asarray-depth1-enums.json",
];

/// Those of them that hold the connection.
const REACHED: [&str; 5] =
    ["common.depth4.clixml", "one-container.json", "one-https.json", "one-plain.json", "one-unnamed.json"];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Index {
    files: BTreeMap<String, Vec<String>>,
    /// By its key, what each session is.
    values: BTreeMap<String, BTreeMap<String, Value>>,
}

/// What passes becomes where it leads.
fn settled(value: &Value) -> &str {
    match value.as_str().unwrap_or_default() {
        "BeforeOpen" | "Opening" | "Connecting" => "Opened",
        "Closing" => "Closed",
        "Disconnecting" => "Disconnected",
        "RemoteDebug" | "AvailableForNestedCommand" => "Busy",
        other => other,
    }
}

#[test]
fn each_file_says_what_its_sessions_are() {
    let index: Index = serde_json::from_str(INDEX).unwrap();
    for (file, bytes) in FILES {
        let objects =
            read(bytes, now(), &naming(false)).unwrap_or_else(|refused| panic!("{file}: {refused:?}"));
        let keys = &index.files[file];
        assert_eq!(objects.len(), keys.len(), "{file}");
        for (object, key) in objects.iter().zip(keys) {
            let SessionReference::Session(row) = &object.reference else { panic!("{file}: {object:?}") };
            let record = session_record(&row.session, Some(&row.note));
            for (property, wanted) in &index.values[key] {
                let place = format!("{file}, {key}.{property}");
                match property.as_str() {
                    "ConnectionUri" if REACHED.contains(&file) && !wanted.is_null() => {
                        let wanted = Endpoint::parse(wanted.as_str().unwrap(), false).unwrap();
                        assert_eq!(record["Endpoint"], wanted.url(), "{place}");
                    }
                    "ConnectionUri" => {}
                    "State" | "Availability" => {
                        assert_eq!(record[property].as_str(), Some(settled(wanted)), "{place}");
                    }
                    _ if wanted == "" => assert!(record[property].is_null(), "{place}"),
                    _ => assert_eq!(record[property], *wanted, "{place}"),
                }
            }
        }
    }
}

/// One line that names the remedy, however many lines there are.
#[test]
fn what_is_printed_or_separated_by_bars_is_one_error() {
    let table = include_bytes!("../../fixtures/powershell/serialized/common.format-table-120.txt");
    let bars = include_bytes!("../../fixtures/powershell/serialized/all.pipe.csv");
    for (bytes, reported) in [(table.as_slice(), "a printed table"), (bars.as_slice(), "separated by |")] {
        let lines = read(bytes, now(), &naming(false)).unwrap_err().lines();
        assert!(lines.len() == 1 && lines[0].contains(reported), "{lines:?}");
    }
}
