//! PowerShell remoting (MS-PSRP), as far as clients need it of a server: messages in fragments, runspace pools, the
//! exchange of the session key, pipelines with their input, output, errors and exit codes. Pure.

mod clixml;
pub(crate) mod fragments;
pub(crate) mod kind;
mod messages;
mod pipeline;
mod pool;
mod session_key;

pub(super) use messages::MessageReader;
pub(super) use pipeline::{Pipeline, Step};
pub(super) use pool::{Pool, Versions};
