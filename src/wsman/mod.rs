//! The WS-Management language: pure types and codecs, no I/O.
//!
//! An operation ([`op`]) is a value that implements [`Operation`]; [`write_request`] makes its envelope and
//! [`read_answer`] turns an answer into its reply, a [`Fault`] or [`Malformed`]. Nothing here opens a socket,
//! reads a clock or draws an id: the caller hands them in.

mod acknowledgement;
#[cfg(any(feature = "request", feature = "simulator"))]
pub(crate) mod clixml;
mod decimal;
mod duration;
mod envelope;
mod fault;
mod fault_code;
mod fault_questions;
mod fault_table;
mod ids;
mod interner;
pub mod op;
mod plain;
mod plain_page;
mod shell;
mod text;
pub mod uri;
pub mod xml;

pub use duration::{read_duration, write_duration};
pub use envelope::{
    AnswerError, DEFAULT_MAX_ENVELOPE_SIZE, Header, Operation, Target, read_answer, write_request,
};
pub use fault::{Fault, MAX_REASON};
pub use fault_code::{Explanation, FaultCode, FaultGroup, explain, search_faults};
pub use fault_table::FAULTS;
pub use ids::{CommandId, EnumerationContext, MessageId, SessionId, ShellId};
pub use interner::Interner;
pub use shell::{Command, MAX_COMMAND_ID_BYTES, MAX_DURATION, MAX_FIELD_BYTES, Shell, ShellSchema};
pub use text::{is_printable, one_line, printable};
pub use xml::Malformed;
