//! What the conformance of exchanges looks like: a line an exchange, and each mismatch below.

use std::io::{self, Write};

use pssession::conformance::{Check, CheckedExchange, Judged, Report, Verdict};
use serde_json::{Map, Value, json};

use super::grid;
use super::junit::{self, Case, Outcome, Suite};
use super::text::printable;
use crate::cli::shell_quote::shell_quoted;

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

/// The report as JUnit XML: one suite a scenario, one case a check.
pub(crate) fn junit(report: &Report) -> String {
    let cases = |scenario: &Judged| -> Vec<Case> {
        let judged = scenario.judgements.iter();
        judged
            .flat_map(|judgement| judgement.checks.iter().map(|check| case(scenario, judgement, check)))
            .collect()
    };
    let suites: Vec<Suite> = report
        .scenarios
        .iter()
        .map(|scenario| Suite { name: scenario.name(), cases: cases(scenario) })
        .collect();
    junit::document("pssession conformance", &suites)
}

fn case(scenario: &Judged, judgement: &CheckedExchange, check: &Check) -> Case {
    let first_line = check.detail.lines().next().unwrap_or_default();
    let outcome = match check.verdict {
        Verdict::Passed => Outcome::Passed,
        Verdict::Mismatch => Outcome::Failed {
            message: format!("{}: {first_line}", check.section),
            text: format!(
                "{}\nSection: {}\nReproduce: {}",
                check.detail,
                check.section,
                reproduce(scenario, judgement.number)
            ),
        },
        _ => Outcome::Skipped { message: format!("{}: {first_line}", check.verdict.as_str()) },
    };
    Case {
        class: scenario.name(),
        name: format!("{:02} {}: {}", judgement.number, judgement.operation, check.kind.as_str()),
        seconds: None,
        outcome,
    }
}

/// The command that judges one exchange again.
fn reproduce(scenario: &Judged, number: u32) -> String {
    format!(
        "pssession conformance {} --exchange {number}",
        shell_quoted(&scenario.folder.display().to_string())
    )
}

#[cfg(test)]
mod tests {
    use pssession::conformance::{Scenario, Validation, judge};
    use pssession::wsman::xml::Document;

    use super::*;

    #[test]
    fn a_folder_with_a_space_is_quoted_for_the_shell() {
        let judged = |path: &str| reproduce(&Judged::new(path.into(), String::new()), 3);
        assert_eq!(judged("a/b-1"), "pssession conformance a/b-1 --exchange 3");
        let with_space = format!("pssession conformance {} --exchange 3", shell_quoted("it's a"));
        assert_eq!(judged("it's a"), with_space);
    }

    #[test]
    fn junit_tells_failures_with_section_and_reproduction_and_what_was_skipped() {
        let scenario = Scenario::open("fixtures/exchanges/close-two-sessions").unwrap();
        let mut exchanges = (1..=scenario.count()).map(|number| scenario.exchange(number).unwrap());
        let unavailable = Validation::Unavailable("no <validator>".to_owned());
        let judged = exchanges.find_map(|exchange| {
            Some(judge(&exchange, unavailable.clone())).filter(|judged| judged.operation == "Delete")
        });
        let mut judgement = judged.unwrap();
        assert_eq!(judgement.checks[1].verdict, Verdict::NotValidated);
        judgement.number = 7;
        judgement.checks[2].verdict = Verdict::Mismatch;
        let mut judged = Judged::new("a-dir/x".into(), "t".to_owned());
        judged.judgements.push(judgement);
        let mut report = Report::default();
        report.scenarios.push(judged);
        let text = junit(&report);
        let document = Document::parse(&text).unwrap();
        let suite = document.root().children().next().unwrap();
        assert_eq!(suite.attribute("tests"), Some("3"));
        assert_eq!((suite.attribute("failures"), suite.attribute("skipped")), (Some("1"), Some("1")));
        assert!(
            text.contains(
                "Section: MS-WSMV 3.1.4.4, WXF-DELETE\nReproduce: pssession conformance a-dir/x --exchange 7"
            ),
            "{text}"
        );
        assert!(text.contains("not validated: no &lt;validator&gt;"), "{text}");
        assert_eq!(report.not_validated(), Some("no <validator>"));
    }
}
