//! Text that holds single values, one a line: Ids and instance ids choose rows of the local table, where PowerShell binds no
//! text at all.

use super::delimited::SEPARATORS;
use super::intake::Intake;
use super::object::{InvalidObject, ObjectPosition, SessionReference};
use super::property::Property;
use crate::session::parse_session_values;

/// What single values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SingleValues {
    /// Ids, ranges of Ids and instance ids of rows of the local table.
    Choose,
    /// Objects that cannot be bound, as in PowerShell.
    Unbound,
}

/// Whether a text that is no JSON object holds nothing but single values: it has no header with a property in it, and
/// nothing that could separate two columns.
pub(super) fn are_all(text: &str) -> bool {
    let first = text.trim_start().lines().next().unwrap_or_default().trim();
    !first.contains(SEPARATORS)
        && !first.contains('\0')
        && !first.starts_with('#')
        && Property::find(first.trim_matches('"'), 0).is_none()
}

/// Takes them in: as one object that chooses, or each as one that cannot be bound.
pub(super) fn read(text: &str, meaning: SingleValues, intake: &mut Intake<'_>) {
    let lines = (1..).zip(text.lines().map(str::trim)).filter(|(_, line)| !line.is_empty());
    let lines = lines.map(|(number, line)| (ObjectPosition::Line(number), line));
    let (mut first, mut values) = (None, Vec::new());
    for (position, line) in lines {
        // JSON's texts have quotes, as `jq .InstanceId` prints them.
        let value = line.strip_prefix('"').and_then(|line| line.strip_suffix('"')).unwrap_or(line);
        if meaning == SingleValues::Choose && parse_session_values(&[value]).is_ok() {
            first.get_or_insert(position);
            values.push(value);
            continue;
        }
        let what = if line.parse::<f64>().is_ok() { "a number" } else { "a text" };
        if intake.take(position, Err(InvalidObject::Unbound(InvalidObject::found(what)))).is_err() {
            return;
        }
    }
    if let Some((position, selector)) = first.zip(parse_session_values(&values).ok()) {
        intake.take_values(position, values.len(), SessionReference::Rows { selector, id: None });
    }
}
