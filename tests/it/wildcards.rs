//! What PowerShell 7 answered of patterns and texts, held against our own matcher.

use pssession::session::WildcardPattern;
use serde_json::Value;

use crate::support::fixtures::read;

/// A fixture that shrinks would prove less without a sign of it.
const PAIRS: usize = 8_000;

#[test]
fn every_pair_is_answered_as_powershell_answered_it() {
    let text = String::from_utf8(read("wildcards/powershell.ndjson")).unwrap();
    let mut differences = Vec::new();
    let mut pairs = 0;
    for row in text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let pattern = row["Pattern"].as_str().unwrap();
        let compiled = WildcardPattern::new(pattern);
        if row["Invalid"] == true {
            pairs += 1;
            if compiled.is_ok() {
                differences.push(format!("{pattern:?} is valid here"));
            }
            continue;
        }
        for (list, expected) in [("Match", true), ("Miss", false)] {
            for text in row[list].as_array().unwrap().iter().map(|text| text.as_str().unwrap()) {
                pairs += 1;
                let found = compiled.as_ref().map(|compiled| compiled.matches(text)).ok();
                if found != Some(expected) {
                    differences.push(format!("{pattern:?} against {text:?}: {found:?}, not {expected}"));
                }
            }
        }
    }
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
    assert!(pairs >= PAIRS, "{pairs} pairs");
}
