//! The report in the XML that CI servers read: one suite a scenario, one case a check.

use std::fmt::Write as _;

use super::checks::{Check, CheckedExchange, Verdict};
use super::report::{Judged, Report};
use crate::wsman::printable;
use crate::wsman::xml::escape_into;

/// Writes a report as JUnit XML.
#[must_use]
pub fn write_junit(report: &Report) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"pssession conformance\"",
    );
    write_counts(&mut out, &report.scenarios);
    out.push_str(">\n");
    for scenario in &report.scenarios {
        out.push_str("  <testsuite");
        attribute(&mut out, "name", &scenario.name());
        write_counts(&mut out, std::slice::from_ref(scenario));
        out.push_str(">\n");
        for judgement in &scenario.judgements {
            for check in &judgement.checks {
                write_case(&mut out, scenario, judgement, check);
            }
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn write_case(out: &mut String, scenario: &Judged, judgement: &CheckedExchange, check: &Check) {
    let name = format!("{:02} {}: {}", judgement.number, judgement.operation, check.kind.as_str());
    out.push_str("    <testcase");
    attribute(out, "classname", &scenario.name());
    attribute(out, "name", &name);
    match check.verdict {
        Verdict::Passed => return out.push_str("/>\n"),
        Verdict::Mismatch => {
            out.push_str("><failure");
            attribute(out, "message", &format!("{}: {}", check.section, first_line(&check.detail)));
            out.push('>');
            let told = [
                check.detail.clone(),
                format!("Section: {}", check.section),
                format!("Reproduce: {}", scenario.reproduce(judgement.number)),
            ];
            // Line ends of our own stay; what stands between them is made safe.
            for line in told.iter().flat_map(|text| text.lines()) {
                escape_into(out, &printable(line));
                out.push('\n');
            }
            out.push_str("</failure>");
        }
        Verdict::NotExercised | Verdict::NotValidated => {
            out.push_str("><skipped");
            attribute(out, "message", &format!("{}: {}", check.verdict.as_str(), first_line(&check.detail)));
            out.push_str("/>");
        }
    }
    out.push_str("</testcase>\n");
}

fn write_counts(out: &mut String, scenarios: &[Judged]) {
    let count = |wanted: fn(Verdict) -> bool| {
        let judgements = scenarios.iter().flat_map(|scenario| &scenario.judgements);
        judgements.flat_map(|judgement| &judgement.checks).filter(|check| wanted(check.verdict)).count()
    };
    let skipped = |verdict| matches!(verdict, Verdict::NotExercised | Verdict::NotValidated);
    let _ = write!(
        out,
        " tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\"",
        count(|_| true),
        count(|verdict| verdict == Verdict::Mismatch),
        count(skipped)
    );
}

fn attribute(out: &mut String, name: &str, value: &str) {
    let _ = write!(out, " {name}=\"");
    escape_into(out, &printable(value));
    out.push('"');
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
