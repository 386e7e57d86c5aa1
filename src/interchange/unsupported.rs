//! Text without objects: what was printed for people, or is separated by `|`, is one error that names the remedy.

use super::delimited::SEPARATORS;
use super::intake::Intake;
use super::object::ObjectPosition;
use super::property::Property;

/// How many columns of a header have a meaning here before it is taken for one.
const MIN_COLUMNS: usize = 2;

const REMEDY: &str =
    "write objects with ConvertTo-Json, Export-Csv or Export-Clixml in PowerShell, or with -o json";

/// Refuses the text if it is a printed table or list, or has columns between `|`; says whether it did.
pub(super) fn refuse_printed(text: &str, intake: &mut Intake) -> bool {
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let Some((number, header)) = lines.next() else { return false };
    let problem = if header.contains('|') && known(header.split('|')) {
        "columns separated by |, which is not supported; use commas, semicolons or tabs".to_owned()
    } else if header.contains(SEPARATORS) {
        return false;
    } else if known(header.split_whitespace()) {
        format!("a printed table, whose cells cannot be separated; {REMEDY}")
    } else if is_entry(header) {
        format!("a printed list, whose values are truncated; {REMEDY}")
    } else {
        return false;
    };
    intake.refuse(ObjectPosition::Line(number), problem);
    true
}

/// Whether several of these columns mean something here.
fn known<'t>(columns: impl Iterator<Item = &'t str>) -> bool {
    let columns = columns.map(|column| column.trim().trim_matches('"'));
    columns.filter(|column| Property::find(column, 0).is_some()).count() >= MIN_COLUMNS
}

/// A line of `Format-List`: `Id           : 3`.
fn is_entry(line: &str) -> bool {
    line.split_once(" :").is_some_and(|(name, _)| Property::find(name.trim(), 0).is_some())
}
