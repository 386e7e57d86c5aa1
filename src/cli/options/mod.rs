//! What is meant by what was typed: every decision that concerns more than one option is made here.

mod cmdlet;
mod connection;
mod inventory;
mod scope;
mod select;
mod trust;

use pssession::session::QueryError;

pub(crate) use cmdlet::{CmdletConnection, CmdletOptions, is_pattern};
pub(crate) use connection::{ConnectionOptions, parse_duration, policy};
pub(crate) use scope::{Extent, Scope, read_each_object};
pub(crate) use select::SelectOptions;
pub(crate) use trust::{check_config, pin_without_host};

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
