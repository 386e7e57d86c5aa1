//! Sessions as objects with PowerShell's property names, both ways. This module does no I/O.
//!
//! [`read`] takes the NDJSON, JSON and CSV that this crate writes, and what PowerShell's `ConvertTo-Json`, `Export-Csv`
//! and `Export-Clixml` make of `Get-PSSession`; it recognizes the format by the content. It is all or nothing: if one
//! object is invalid, none is returned. [`read_with_unbound`] also returns objects that PowerShell cannot bind, as
//! PowerShell goes on without these. The functions that end in `_record`
//! make an object, and those that begin with `write_` write many.
//!
//! ```
//! use std::time::SystemTime;
//!
//! use pssession::Endpoint;
//! use pssession::interchange::{SessionReference, read, session_record, write_ndjson};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let input = r#"{"Name": "build-7", "ShellId": "B6631D8E-65A0-49F2-9053-A1B156C95777", "ComputerName": "web01"}"#;
//! let objects = read(input.as_bytes(), SystemTime::now(), &|host| Endpoint::parse(host, false))?;
//! let sessions = objects.into_iter().filter_map(|object| match object.reference {
//!     SessionReference::Session(row) => Some(row),
//!     _ => None,
//! });
//! let mut output = Vec::new();
//! write_ndjson(&mut output, sessions.map(|row| session_record(&row.session, Some(&row.note))))?;
//! let output = String::from_utf8(output)?;
//! assert!(output.starts_with(r#"{"Schema":"pssession.session/1","Id":null,"Name":"build-7","#));
//! assert!(output.contains(r#""Endpoint":"http://web01:5985/wsman""#));
//! # Ok(())
//! # }
//! ```

#[cfg(test)]
mod answers;
mod choice;
mod clixml;
mod delimited;
mod encoding;
mod int32;
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
mod write;

use std::time::SystemTime;

use crate::client::MAX_COMMANDS;
use crate::wsman::{MAX_COMMAND_ID_BYTES, MAX_FIELD_BYTES};

use crate::transport::{Endpoint, EndpointError};
pub use encoding::{DecodeError, decode_text};
pub use int32::{dotnet_int32, powershell_int32};
use read::Intake;
pub use read::{
    NameProperty, ObjectError, ObjectPosition, ReadErrors, SessionObject, SessionReference, UnboundObject,
    UnboundReason,
};
pub use record::{
    IMPORT_PROPERTIES, REMOVAL_PROPERTIES, SESSION_PROPERTIES, imported_record, planned_record,
    removal_record, session_record, timestamp,
};
pub use write::{CsvOptions, escape_invisible, write_csv, write_json, write_ndjson};

/// The longest input that [`read`] takes, in bytes: [`MAX_OBJECTS`] of our own, each of which takes about 1 KiB with all
/// properties set. A caller stops reading an endless pipe here.
pub const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// The most objects in one input: as many as the shells that are taken from one host.
pub const MAX_OBJECTS: usize = 250_000;

/// The longest text of one property, in bytes. Names and URIs are far shorter.
const MAX_TEXT: usize = MAX_FIELD_BYTES;

/// The most values in a property that is a list: as many as the commands that are taken of one shell.
const MAX_LIST: usize = MAX_COMMANDS;

/// The longest text that is a list of ids, in bytes: that many, with a blank behind each.
const MAX_LIST_TEXT: usize = MAX_LIST * (MAX_COMMAND_ID_BYTES + 1);

/// The most properties of one object that mean nothing here: PowerShell's has about ten.
const MAX_OTHERS: usize = 1_000;

/// How a host that an object only names becomes an endpoint: `web01`, or `web01:5985` where the object has a port. A
/// program without defaults for hosts passes `&|host| Endpoint::parse(host, false)`.
pub type EndpointOf<'a> = dyn Fn(&str) -> Result<Endpoint, EndpointError> + 'a;

/// Reads all objects of one input, in UTF-8 or UTF-16. `now` is the time of observation of objects without `SeenAt`, and
/// the latest that is accepted; `endpoint_of` is called for objects that name a computer and no endpoint.
///
/// # Errors
/// [`ReadErrors`] lists what is wrong and where.
pub fn read(
    bytes: &[u8],
    now: SystemTime,
    endpoint_of: &EndpointOf<'_>,
) -> Result<Vec<SessionObject>, ReadErrors> {
    let mut refused = ReadErrors::default();
    let objects = read_with_unbound(bytes, now, endpoint_of)?;
    for SessionObject { position, reference } in &objects {
        if let SessionReference::Unbound(UnboundObject { problem, .. }) = reference {
            refused.add(ObjectError::new(*position, problem.as_str()));
        }
    }
    if refused.is_empty() { Ok(objects) } else { Err(refused) }
}

/// The same, but an object that PowerShell cannot bind becomes a [`SessionReference::Unbound`] and is no error.
///
/// # Errors
/// As [`read`].
pub fn read_with_unbound(
    bytes: &[u8],
    now: SystemTime,
    endpoint_of: &EndpointOf<'_>,
) -> Result<Vec<SessionObject>, ReadErrors> {
    let mut intake = Intake::new(now, endpoint_of);
    if u64::try_from(bytes.len()).is_ok_and(|len| len > MAX_BYTES) {
        intake.refuse(ObjectPosition::Whole, format!("more than {MAX_BYTES} bytes"));
        return intake.finish();
    }
    match decode_text(bytes) {
        Err(error) => intake.refuse(ObjectPosition::Line(error.line), error.problem.to_owned()),
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
