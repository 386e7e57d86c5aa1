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
mod intake;
mod json;
mod object;
mod property;
mod reader;
mod record;
#[cfg(test)]
mod roundtrip;
mod session;
mod single_values;
#[cfg(test)]
mod tests;
mod unsupported;
mod value;
mod write;

use std::time::SystemTime;

pub use encoding::{DecodeError, decode_text};
pub use int32::{dotnet_int32, powershell_int32};
pub use intake::MAX_OBJECTS;
pub use object::{
    NameProperty, ObjectError, ObjectPosition, ReadErrors, SessionObject, SessionReference, UnboundObject,
    UnboundReason,
};
pub use property::SESSION_PROPERTIES;
pub use reader::ObjectReader;
pub use record::{
    IMPORT_PROPERTIES, REMOVAL_PROPERTIES, imported_record, planned_record, removal_record, session_record,
    timestamp,
};
pub use session::EndpointOf;
use single_values::SingleValues;
pub use write::{CsvOptions, escape_invisible, write_csv, write_json, write_ndjson, write_removal};

/// The longest input that [`read`] takes, in bytes: [`MAX_OBJECTS`] of our own, each of which takes about 1 KiB with all
/// properties set. A caller stops reading an endless pipe here.
pub const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// Reads all objects of one input, in UTF-8 or UTF-16. Bare Ids and instance ids, one a line, are read as one object that
/// chooses these rows of the local table. `now` is the time of observation of objects without `SeenAt`, and
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
    let objects = read_all(bytes, now, endpoint_of, SingleValues::Choose)?;
    for SessionObject { position, reference } in &objects {
        if let SessionReference::Unbound(UnboundObject { problem, .. }) = reference {
            refused.add(ObjectError::new(*position, problem.as_str()));
        }
    }
    if refused.is_empty() { Ok(objects) } else { Err(refused) }
}

/// The same, but what PowerShell cannot bind, such as bare values, becomes a [`SessionReference::Unbound`] and is no error.
///
/// # Errors
/// As [`read`].
pub fn read_with_unbound(
    bytes: &[u8],
    now: SystemTime,
    endpoint_of: &EndpointOf<'_>,
) -> Result<Vec<SessionObject>, ReadErrors> {
    read_all(bytes, now, endpoint_of, SingleValues::Unbound)
}

fn read_all(
    bytes: &[u8],
    now: SystemTime,
    endpoint_of: &EndpointOf<'_>,
    single_values: SingleValues,
) -> Result<Vec<SessionObject>, ReadErrors> {
    let mut objects = Vec::new();
    let reader = ObjectReader::new(now, endpoint_of, |object| objects.push(object));
    let mut reader = reader.with_single_values(single_values);
    reader.feed(bytes);
    reader.finish()?;
    Ok(objects)
}
