//! A session as an object with PowerShell's property names, both ways: what `-o json` writes, and what `import` and
//! `--session` read.
//!
//! [`read`] takes our own NDJSON, JSON and CSV, and what PowerShell's `ConvertTo-Json`, `Export-Csv` and `Export-Clixml`
//! make of `Get-PSSession`. It knows the form by the content. It is pure, and all or nothing: one bad object and none is
//! taken. Only where PowerShell would go on without an object that it cannot bind does [`read_each`] do so, too.

#[cfg(test)]
mod answers;
mod choice;
mod clixml;
mod delimited;
mod json;
mod lines;
mod plain;
mod printed;
mod property;
mod read;
mod record;
#[cfg(test)]
mod roundtrip;
mod session;
#[cfg(test)]
mod tests;
mod value;

use std::time::SystemTime;

use pssession::client::MAX_COMMANDS;
use pssession::wsman::{MAX_COMMAND_ID_BYTES, MAX_FIELD_BYTES};

use crate::cli::config::Naming;
use crate::cli::encoding;
use read::Intake;
pub(crate) use read::{Named, Object, ObjectError, Place, Reason, Refused, Subject, Unbound};
pub(crate) use record::{
    IMPORT_PROPERTIES, REMOVAL_PROPERTIES, SESSION_PROPERTIES, imported_record, planned_record,
    removal_record, session_record, time,
};

/// The most that is read from one source, in bytes: [`MAX_OBJECTS`] of our own, each of which takes about 1 KiB with
/// everything in it. It is the end of a pipe that has none.
pub(crate) const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// The most objects in one source: as many as the shells that are taken from one host.
pub(crate) const MAX_OBJECTS: usize = 250_000;

/// The longest text of one property, in bytes. Names and URIs are far shorter.
const MAX_TEXT: usize = MAX_FIELD_BYTES;

/// The most values in a property that is a list: as many as the commands that are taken of one shell.
const MAX_LIST: usize = MAX_COMMANDS;

/// The longest text that is a list of ids, in bytes: that many, with a blank behind each.
const MAX_LIST_TEXT: usize = MAX_LIST * (MAX_COMMAND_ID_BYTES + 1);

/// The most properties of one object that mean nothing here: PowerShell's has about ten.
const MAX_OTHERS: usize = 1_000;

/// Reads every object of one source. `now` is when those were seen that do not say it, and none was seen later; `naming`
/// is for endpoints of which only the computer is named.
///
/// # Errors
/// [`Refused`] lists what is wrong and where. Nothing is to be taken then.
pub(crate) fn read(bytes: &[u8], now: SystemTime, naming: &Naming) -> Result<Vec<Object>, Refused> {
    let mut refused = Refused::default();
    let objects = read_each(bytes, now, naming)?;
    for Object { place, subject } in &objects {
        if let Subject::Unbound(Unbound { problem, .. }) = subject {
            refused.add(ObjectError::wrong(*place, problem.as_str()));
        }
    }
    if refused.is_empty() { Ok(objects) } else { Err(refused) }
}

/// The same, in which an object that PowerShell cannot bind is [`Subject::Unbound`] and no error of the others.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_each(bytes: &[u8], now: SystemTime, naming: &Naming) -> Result<Vec<Object>, Refused> {
    let mut intake = Intake::new(now, naming);
    if u64::try_from(bytes.len()).is_ok_and(|len| len > MAX_BYTES) {
        intake.refuse(Place::Whole, format!("more than {MAX_BYTES} bytes"));
        return intake.finish();
    }
    match encoding::text(bytes) {
        Err(error) => intake.refuse(Place::Line(error.line), error.problem.to_owned()),
        Ok(text) => match text.trim_start().chars().next() {
            None => {}
            Some('{' | '[') => json::read(&text, &mut intake),
            Some('<') => clixml::read(&text, &mut intake),
            // What PowerShell 7 makes of no session at all.
            Some(_) if text.trim() == "null" => {}
            Some(_) if printed::refuse(&text, &mut intake) => {}
            Some(_) if plain::is_plain(&text) => plain::read(&text, &mut intake),
            Some(_) => delimited::read(&text, &mut intake),
        },
    }
    intake.finish()
}

/// What is wrong with a value that is none.
fn no_object(what: &str) -> String {
    format!("expected an object, found {what}")
}
