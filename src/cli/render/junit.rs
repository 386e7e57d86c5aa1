//! The report in the XML that CI servers read: one suite a scenario, one case a check.

use std::fmt::Write as _;

use pssession::conformance::{Check, CheckedExchange, Judged, Report, Verdict};
use pssession::wsman::printable;
use pssession::wsman::xml::escape_into;

use super::conformance::reproduce;

/// A report as JUnit XML.
pub(crate) fn junit(report: &Report) -> String {
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
            let lines = [
                check.detail.clone(),
                format!("Section: {}", check.section),
                format!("Reproduce: {}", reproduce(scenario, judgement.number)),
            ];
            // Line ends of our own stay; what stands between them is made safe.
            for line in lines.iter().flat_map(|text| text.lines()) {
                escape_into(out, &printable(line));
                out.push('\n');
            }
            out.push_str("</failure>");
        }
        _ => {
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
    let skipped = |verdict| !matches!(verdict, Verdict::Passed | Verdict::Mismatch);
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

#[cfg(test)]
mod tests {
    use pssession::conformance::{Scenario, Validation, judge};
    use pssession::wsman::xml::Document;

    use super::*;

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
        let mut judged = Judged::new("a dir/x".into(), "t".to_owned());
        judged.judgements.push(judgement);
        let mut report = Report::default();
        report.scenarios.push(judged);
        let text = junit(&report);
        let document = Document::parse(&text).unwrap();
        let suite = document.root().children().next().unwrap();
        assert_eq!(suite.attribute("tests"), Some("3"));
        assert_eq!((suite.attribute("failures"), suite.attribute("skipped")), (Some("1"), Some("1")));
        assert!(text.contains("Section: MS-WSMV 3.1.4.4, WXF-DELETE\nReproduce: pssession conformance &apos;a dir/x&apos; --exchange 7"), "{text}");
        assert!(text.contains("not validated: no &lt;validator&gt;"), "{text}");
        assert_eq!(report.not_validated(), Some("no <validator>"));
    }
}
