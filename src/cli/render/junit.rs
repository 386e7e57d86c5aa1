//! Reports in the XML that CI servers read (JUnit).

use std::fmt::Write as _;

use pssession::wsman::printable;
use pssession::wsman::xml::escape_into;

/// Cases that belong together.
pub(super) struct Suite {
    pub(super) name: String,
    pub(super) cases: Vec<Case>,
}

/// One thing that was checked.
pub(super) struct Case {
    pub(super) class: String,
    pub(super) name: String,
    /// How long it took, where that was measured.
    pub(super) seconds: Option<f64>,
    pub(super) outcome: Outcome,
}

/// What came of a case.
pub(super) enum Outcome {
    Passed,
    /// `text` may have several lines.
    Failed {
        message: String,
        text: String,
    },
    Skipped {
        message: String,
    },
}

/// The whole document.
pub(super) fn document(name: &str, suites: &[Suite]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    attribute(&mut out, "name", name);
    write_counts(&mut out, suites);
    out.push_str(">\n");
    for suite in suites {
        out.push_str("  <testsuite");
        attribute(&mut out, "name", &suite.name);
        write_counts(&mut out, std::slice::from_ref(suite));
        out.push_str(">\n");
        suite.cases.iter().for_each(|case| write_case(&mut out, case));
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn write_case(out: &mut String, case: &Case) {
    out.push_str("    <testcase");
    attribute(out, "classname", &case.class);
    attribute(out, "name", &case.name);
    if let Some(seconds) = case.seconds {
        attribute(out, "time", &format!("{seconds:.3}"));
    }
    match &case.outcome {
        Outcome::Passed => return out.push_str("/>\n"),
        Outcome::Failed { message, text } => {
            out.push_str("><failure");
            attribute(out, "message", message);
            out.push('>');
            // Line ends of our own stay; what stands between them is made safe.
            for line in text.lines() {
                escape_into(out, &printable(line));
                out.push('\n');
            }
            out.push_str("</failure>");
        }
        Outcome::Skipped { message } => {
            out.push_str("><skipped");
            attribute(out, "message", message);
            out.push_str("/>");
        }
    }
    out.push_str("</testcase>\n");
}

fn write_counts(out: &mut String, suites: &[Suite]) {
    let count = |is_counted: fn(&Outcome) -> bool| {
        let cases = suites.iter().flat_map(|suite| &suite.cases);
        cases.filter(|case| is_counted(&case.outcome)).count()
    };
    let _ = write!(
        out,
        " tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\"",
        count(|_| true),
        count(|outcome| matches!(outcome, Outcome::Failed { .. })),
        count(|outcome| matches!(outcome, Outcome::Skipped { .. }))
    );
}

fn attribute(out: &mut String, name: &str, value: &str) {
    let _ = write!(out, " {name}=\"");
    escape_into(out, &printable(value));
    out.push('"');
}
