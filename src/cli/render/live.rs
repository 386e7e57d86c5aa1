//! What the checks of a live endpoint look like: a line a check, and each failure below; and as JUnit XML.

use std::fmt::Write as _;
use std::io::{self, Write};

use pssession::conformance::live::{Finding, GROUPS, LiveCheck, LiveReport, Selection, Verdict};
use pssession::wsman::xml::escape_into;
use serde_json::{Map, Value, json};

use super::grid;
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

/// The report in the XML that CI servers read: one suite a group, one case a check.
pub(crate) fn junit(endpoint: &str, report: &LiveReport) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    attribute(&mut out, "name", &format!("pssession conformance {endpoint}"));
    let all: Vec<&Finding> = report.findings.iter().collect();
    counts(&mut out, &all);
    out.push_str(">\n");
    for group in GROUPS {
        let findings: Vec<&Finding> =
            all.iter().copied().filter(|finding| finding.check.group() == group.name).collect();
        if findings.is_empty() {
            continue;
        }
        out.push_str("  <testsuite");
        attribute(&mut out, "name", group.name);
        counts(&mut out, &findings);
        out.push_str(">\n");
        findings.iter().for_each(|finding| case(&mut out, finding));
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn case(out: &mut String, finding: &Finding) {
    let check = finding.check;
    out.push_str("    <testcase");
    attribute(out, "classname", check.group());
    attribute(out, "name", check.id);
    attribute(out, "time", &format!("{:.3}", finding.took.as_secs_f64()));
    let seen = finding.verdict.seen();
    match &finding.verdict {
        Verdict::Passed(_) => return out.push_str("/>\n"),
        Verdict::Failed(_) => {
            out.push_str("><failure");
            attribute(out, "message", &format!("{}: {seen}", check.section));
            out.push('>');
            for line in [check.title, check.expectation, seen] {
                escape_into(out, &printable(line));
                out.push('\n');
            }
            out.push_str("</failure>");
        }
        other => {
            out.push_str("><skipped");
            attribute(out, "message", &format!("{}: {seen}", other.as_str()));
            out.push_str("/>");
        }
    }
    out.push_str("</testcase>\n");
}

fn counts(out: &mut String, findings: &[&Finding]) {
    let failures = findings.iter().filter(|finding| finding.verdict.is_failure()).count();
    let passed = findings.iter().filter(|finding| matches!(finding.verdict, Verdict::Passed(_))).count();
    let _ = write!(
        out,
        " tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"{}\"",
        findings.len(),
        findings.len() - failures - passed
    );
}

fn attribute(out: &mut String, name: &str, value: &str) {
    let _ = write!(out, " {name}=\"");
    escape_into(out, &printable(value));
    out.push('"');
}
