//! Lines that hold a value each and no object: numbers, ids, names. PowerShell does not bind them, and so each is told.

use super::delimited::SEPARATORS;
use super::no_object;
use super::property::Property;
use super::read::{Intake, InvalidObject, ObjectPosition};

/// Whether a text that is no JSON object holds nothing but single values: it has no header with a property in it, and
/// nothing that could separate two columns.
pub(super) fn is_plain(text: &str) -> bool {
    let first = text.trim_start().lines().next().unwrap_or_default().trim();
    !first.contains(SEPARATORS)
        && !first.contains('\0')
        && !first.starts_with('#')
        && Property::find(first.trim_matches('"'), 0).is_none()
}

/// Refuses each of them.
pub(super) fn read(text: &str, intake: &mut Intake) {
    let lines = (1..).zip(text.lines().map(str::trim)).filter(|(_, line)| !line.is_empty());
    for (number, line) in lines {
        let what = if line.parse::<f64>().is_ok() { "a number" } else { "a text" };
        if intake.take(ObjectPosition::Line(number), Err(InvalidObject::Unbound(no_object(what)))).is_err() {
            return;
        }
    }
}
