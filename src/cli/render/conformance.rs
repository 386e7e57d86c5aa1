//! What the conformance of exchanges looks like: a line an exchange, and each mismatch below.

use std::io::{self, Write};
use std::path::Path;

use pssession::conformance::{Check, CheckedExchange, Judged, Report, Verdict};
use serde_json::{Map, Value, json};

use super::grid;
use super::text::printable;

const HEADER: [&str; 7] =
    ["Scenario", "Exchange", "Operation", "Origin", "Parses", "Validates", "OurRequest"];

/// The table, and below it what does not match, with the section and how to see it again.
pub(super) fn table(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let rows = exchanges(report).map(|(scenario, judgement)| {
        let reported = [
            printable(&scenario.name()),
            format!("{:02}", judgement.number),
            printable(&judgement.operation),
            judgement.origin.as_str().to_owned(),
        ];
        reported
            .into_iter()
            .chain(judgement.checks.iter().map(|check| check.verdict.as_str().to_owned()))
            .collect()
    });
    writeln!(out, "{}", grid::plain(&HEADER, rows.collect()))?;
    for (scenario, judgement, check) in report.mismatches() {
        writeln!(
            out,
            "\nmismatch: {} {:02} {}: {}",
            printable(&scenario.name()),
            judgement.number,
            printable(&judgement.operation),
            check.kind.as_str()
        )?;
        for line in check.detail.lines() {
            writeln!(out, "  {}", printable(line))?;
        }
        writeln!(out, "Section: {}", check.section)?;
        writeln!(out, "Reproduce: {}", printable(&reproduce(scenario, judgement.number)))?;
    }
    Ok(())
}

/// One object an exchange.
pub(super) fn records(report: &Report) -> impl Iterator<Item = Map<String, Value>> {
    exchanges(report).map(|(scenario, judgement)| record(scenario, judgement))
}

fn exchanges(report: &Report) -> impl Iterator<Item = (&Judged, &CheckedExchange)> {
    let scenarios = report.scenarios.iter();
    scenarios.flat_map(|scenario| scenario.judgements.iter().map(move |judgement| (scenario, judgement)))
}

fn record(scenario: &Judged, judgement: &CheckedExchange) -> Map<String, Value> {
    let mut record = Map::new();
    let mut put = |key: &str, value: Value| drop(record.insert(key.to_owned(), value));
    put("Schema", "pssession.conformance/1".into());
    put("Scenario", scenario.name().into());
    put("Folder", scenario.folder.display().to_string().into());
    put("Title", scenario.title.as_str().into());
    put("Exchange", judgement.number.into());
    put("Operation", judgement.operation.as_str().into());
    put("Origin", judgement.origin.as_str().into());
    for (name, check) in HEADER.iter().skip(4).zip(&judgement.checks) {
        put(name, checked(scenario, judgement, check));
    }
    record
}

fn checked(scenario: &Judged, judgement: &CheckedExchange, check: &Check) -> Value {
    let mismatch = check.verdict == Verdict::Mismatch;
    json!({
        "Verdict": check.verdict.as_str(),
        "Detail": Some(&check.detail).filter(|detail| !detail.is_empty()),
        "Document": check.section.document,
        "Section": check.section.number,
        "SectionTitle": check.section.title,
        "Reproduce": mismatch.then(|| reproduce(scenario, judgement.number)),
    })
}

/// The command that judges one exchange again.
pub(super) fn reproduce(scenario: &Judged, number: u32) -> String {
    format!("pssession conformance {} --exchange {number}", quoted(&scenario.folder))
}

/// A path as a shell reads it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | ':' | '@' | '+' | ',');
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_a_space_is_quoted_for_the_shell() {
        let judged = |path: &str| reproduce(&Judged::new(path.into(), String::new()), 3);
        assert_eq!(judged("a/b-1"), "pssession conformance a/b-1 --exchange 3");
        assert_eq!(judged("it's a"), r"pssession conformance 'it'\''s a' --exchange 3");
    }
}
