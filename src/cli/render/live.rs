//! What the checks of a live endpoint look like: a line a check, and each failure below; and as JUnit XML.

use std::io::{self, Write};

use pssession::conformance::live::{Finding, GROUPS, Group, LiveCheck, LiveReport, Selection, Verdict};
use serde_json::{Map, Value, json};

use super::grid;
use super::junit::{self, Case, Outcome, Suite};
use super::text::printable;

/// The checks that are chosen, one line each.
pub(super) fn list(out: &mut impl Write, selection: &Selection) -> io::Result<()> {
    let rows = chosen(selection).map(|check| {
        vec![
            check.id.to_owned(),
            format!("{} {}", check.section.document, check.section.number),
            check.title.to_owned(),
        ]
    });
    writeln!(out, "{}", grid::plain(&["Check", "Section", "Title"], rows.collect()))
}

/// The same as objects.
pub(super) fn list_records(selection: &Selection) -> impl Iterator<Item = Map<String, Value>> {
    chosen(selection).map(|check| {
        let mut record = described(check);
        record.insert("Schema".to_owned(), "pssession.live-checks/1".into());
        record
    })
}

fn chosen(selection: &Selection) -> impl Iterator<Item = &'static LiveCheck> {
    let groups = GROUPS.iter().flat_map(|group| group.checks());
    groups.filter(|check| selection.has(check))
}

fn described(check: &LiveCheck) -> Map<String, Value> {
    let described = json!({
        "Check": check.id,
        "Group": check.group(),
        "Title": check.title,
        "Document": check.section.document,
        "Section": check.section.number,
        "SectionTitle": check.section.title,
        "Expectation": check.expectation,
    });
    match described {
        Value::Object(record) => record,
        _ => Map::new(),
    }
}

/// A line a check, and below each failure with what it states.
pub(super) fn table(out: &mut impl Write, report: &LiveReport) -> io::Result<()> {
    let rows = report.findings.iter().map(|finding| {
        let verdict = finding.verdict.as_str().to_owned();
        vec![verdict, finding.check.id.to_owned(), printable(finding.verdict.seen())]
    });
    writeln!(out, "{}", grid::plain(&["Result", "Check", "Seen"], rows.collect()))?;
    for finding in report.failures() {
        let check = finding.check;
        writeln!(out, "\nfailed: {}: {}", check.id, check.title)?;
        writeln!(out, "  expected: {}", check.expectation)?;
        writeln!(out, "  seen:     {}", printable(finding.verdict.seen()))?;
        writeln!(out, "Section: {}", check.section)?;
    }
    Ok(())
}

/// One object a check.
pub(super) fn records<'r>(
    endpoint: &'r str,
    report: &'r LiveReport,
) -> impl Iterator<Item = Map<String, Value>> + 'r {
    report.findings.iter().map(move |finding| {
        let mut record = described(finding.check);
        let mut put = |key: &str, value: Value| drop(record.insert(key.to_owned(), value));
        put("Schema", "pssession.live-check/1".into());
        put("Endpoint", endpoint.into());
        put("Result", finding.verdict.as_str().into());
        put("Seen", finding.verdict.seen().into());
        put("Seconds", finding.took.as_secs_f64().into());
        record
    })
}

/// The report as JUnit XML: one suite a group, one case a check.
pub(crate) fn junit(endpoint: &str, report: &LiveReport) -> String {
    let suite = |group: &Group| {
        let findings = report.findings.iter().filter(|finding| finding.check.group() == group.name);
        Suite { name: group.name.to_owned(), cases: findings.map(case).collect() }
    };
    let suites: Vec<Suite> = GROUPS.iter().map(suite).filter(|suite| !suite.cases.is_empty()).collect();
    junit::document(&format!("pssession conformance {endpoint}"), &suites)
}

fn case(finding: &Finding) -> Case {
    let (check, seen) = (finding.check, finding.verdict.seen());
    let outcome = match &finding.verdict {
        Verdict::Passed(_) => Outcome::Passed,
        Verdict::Failed(_) => Outcome::Failed {
            message: format!("{}: {seen}", check.section),
            text: [check.title, check.expectation, seen].join("\n"),
        },
        other => Outcome::Skipped { message: format!("{}: {seen}", other.as_str()) },
    };
    Case {
        class: check.group().to_owned(),
        name: check.id.to_owned(),
        seconds: Some(finding.took.as_secs_f64()),
        outcome,
    }
}
