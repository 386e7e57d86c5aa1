//! What the checks of a live endpoint look like: a line a check, and each failure below; and as JUnit XML.

use std::io::{self, Write};

use pssession::conformance::live::{Finding, GROUPS, Group, LiveCheck, LiveReport, Selection, Verdict};
use serde_json::{Map, Value, json};

use super::cell::{Cell, Meaning};
use super::grid::{FIRST_TO_LEAVE, Fit, Grid, GridColumn, GridStyle, Shorten};
use super::junit::{self, Case, Outcome, Suite};
use super::text::printable;

/// The checks that are chosen, one line each.
pub(super) fn list(out: &mut impl Write, selection: &Selection, style: GridStyle) -> io::Result<()> {
    let rows: Vec<Vec<Cell>> = chosen(selection)
        .map(|check| {
            let section = format!("{} {}", check.section.document, check.section.number);
            vec![Cell::new(check.id), Cell::new(section), Cell::new(check.title)]
        })
        .collect();
    let columns = vec![
        column("Check", Shorten::Middle, None),
        column("Section", Shorten::Never, Some(FIRST_TO_LEAVE)),
        column("Title", Shorten::End, None),
    ];
    writeln!(out, "{}", Grid::new(columns, rows).text(style))
}

fn column(header: &'static str, shorten: Shorten, leaves: Option<u8>) -> GridColumn {
    GridColumn { header, fit: Fit { shorten, leaves, right: false } }
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

/// A line a check that was asked, and below each failure with what it states; that is never shortened.
pub(super) fn table(out: &mut impl Write, report: &LiveReport, style: GridStyle) -> io::Result<()> {
    let rows: Vec<Vec<Cell>> = report
        .findings
        .iter()
        .filter(|finding| finding.verdict != Verdict::NotAsked)
        .map(|finding| {
            let verdict = Cell::new(finding.verdict.as_str()).meaning(meaning(&finding.verdict));
            vec![verdict, Cell::new(finding.check.id), Cell::new(printable(finding.verdict.seen()))]
        })
        .collect();
    let columns = vec![
        column("Result", Shorten::Never, None),
        column("Check", Shorten::Middle, None),
        column("Seen", Shorten::End, None),
    ];
    writeln!(out, "{}", Grid::new(columns, rows).text(style))?;
    for finding in report.failures() {
        let check = finding.check;
        writeln!(out, "\nfailed: {}: {}", check.id, check.title)?;
        writeln!(out, "  expected: {}", check.expectation)?;
        writeln!(out, "  seen:     {}", printable(finding.verdict.seen()))?;
        writeln!(out, "Section: {}", check.section)?;
    }
    Ok(())
}

fn meaning(verdict: &Verdict) -> Meaning {
    match verdict {
        Verdict::Failed(_) => Meaning::Bad,
        _ => Meaning::None,
    }
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
