//! What is meant by what was typed: every decision that concerns more than one option is made here.

mod accounts;
mod output;
mod reach;
mod report;
mod scope;
mod select;
mod trust;

use pssession::session::QueryError;

pub(crate) use accounts::{Passwords, state_accounts};
pub(crate) use output::{format, safe};
pub(crate) use reach::{ConnectionOptions, parse_duration};
pub(crate) use report::{ReportTo, report_to};
pub(crate) use scope::{Extent, Scope};
pub(crate) use select::{remembered_query, session_query};
pub(crate) use trust::{Authorities, Pins};

use super::diagnostic::Diagnostic;

/// A value of an option that cannot be meant; what to write instead stands in the hint.
fn bad_value(option: &'static str, error: &QueryError) -> Diagnostic {
    let (problem, advice) = match error {
        QueryError::Value { text, wanted, advice } => (format!("{text:?} is not {wanted}"), *advice),
        other => (
            other.to_string(),
            "check that each set has its closing bracket and an ascending range; a backtick makes the next \
             character literal",
        ),
    };
    Diagnostic::usage(format!("{option}: {problem}"))
        .about(option)
        .with_hint(format!("{advice}; nothing was sent"))
}
