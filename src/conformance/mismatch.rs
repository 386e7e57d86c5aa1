//! A request that a scenario does not expect, and how it differs from the nearest one that it does.

use std::fmt;

use similar::{Algorithm, DiffTag, capture_diff_slices};

use super::canonical_request::CanonicalRequest;
use crate::wsman::{one_line, printable};

/// A request that no exchange was left for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mismatch {
    /// Which request of the run it was, from 1.
    pub request: u64,
    /// The number of the exchange that comes nearest, among those that were still expected.
    pub nearest: Option<u32>,
    /// What the exchange expects and what came, a line each: with two spaces in front what both have, with `- ` what
    /// only the exchange has, with `+ ` what only the request has. Each line is safe to show, and of bounded length.
    pub difference: Vec<String>,
}

/// The most lines of a request that are compared for showing: comparing costs up to their product.
const MAX_LINES: usize = 400;
/// The longest line that is shown, in characters.
const MAX_SHOWN: usize = 240;

impl Mismatch {
    pub(super) fn new(
        request: u64,
        came: &CanonicalRequest,
        nearest: Option<(u32, &CanonicalRequest)>,
    ) -> Self {
        let expected = nearest.map_or(&[][..], |(_, canonical)| canonical.lines());
        Self {
            request,
            nearest: nearest.map(|(number, _)| number),
            difference: difference(expected, came.lines()),
        }
    }

    /// A request that is no envelope at all.
    pub(super) fn unreadable(request: u64, reason: &str) -> Self {
        Self { request, nearest: None, difference: vec![format!("+ {}", one_line(reason, MAX_SHOWN))] }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.nearest {
            Some(number) => {
                write!(f, "request {} is not expected; the nearest is exchange {number:02}:", self.request)?;
            }
            None => write!(f, "request {} is not expected, and no exchange is similar:", self.request)?,
        }
        self.difference.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

/// Two lists of lines, held against each other.
pub(super) fn difference(expected: &[String], came: &[String]) -> Vec<String> {
    let cut = |lines: &[String]| lines.iter().take(MAX_LINES).cloned().collect::<Vec<_>>();
    let (old, new) = (cut(expected), cut(came));
    let mut shown = Vec::new();
    let mut push = |sign: char, lines: Option<&[String]>| {
        let lines = lines.unwrap_or_default().iter();
        shown.extend(lines.map(|line| format!("{sign} {}", safe(line))));
    };
    for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
        let (tag, before, after) = op.as_tag_tuple();
        if tag == DiffTag::Equal {
            push(' ', old.get(before));
        } else {
            push('-', old.get(before));
            push('+', new.get(after));
        }
    }
    if expected.len().max(came.len()) > MAX_LINES {
        shown.push(format!("  ... only the first {MAX_LINES} lines are compared"));
    }
    shown
}

/// One line as it is shown. Unlike `one_line` it keeps its columns.
fn safe(line: &str) -> String {
    let shown = printable(line);
    if shown.chars().count() <= MAX_SHOWN {
        return shown;
    }
    shown.chars().take(MAX_SHOWN).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn what_differs_stands_below_what_was_expected() {
        let shown = difference(&lines("Action  Delete\nSelector  A"), &lines("Action  Delete\nSelector  B"));
        assert_eq!(shown, ["  Action  Delete", "- Selector  A", "+ Selector  B"]);
    }

    #[test]
    fn a_request_of_many_lines_is_compared_in_part_and_says_so() {
        let many = vec!["Body        a".to_owned(); 2 * MAX_LINES];
        assert!(difference(&[], &many).last().unwrap().contains("only the first"));
    }

    #[test]
    fn what_a_request_brings_is_safe_to_show() {
        let shown = difference(&[], &[format!("Body  \u{1b}[2J{}", "x".repeat(500))]);
        assert!(!shown[0].contains('\u{1b}') && shown[0].chars().count() < 250, "{shown:?}");
    }
}
