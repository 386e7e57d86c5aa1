//! PowerShell remoting (MS-PSRP), as far as clients need it of a server: messages in fragments, runspace pools, the
//! exchange of the session key, pipelines with their input, output, errors and exit codes. Pure.

mod clixml;
mod fragments;
mod pipeline;
mod pool;
mod session_key;

pub(super) use fragments::Fragments;
pub(super) use pipeline::{Pipeline, Step};
pub(super) use pool::{Pool, Versions};

/// An id as it travels.
type Id = [u8; 16];

/// The types of messages that are read or written here (MS-PSRP 2.2.1, MessageType).
pub(super) mod kind {
    pub(in crate::simulator) const SESSION_CAPABILITY: u32 = 0x0001_0002;
    pub(in crate::simulator) const INIT_RUNSPACEPOOL: u32 = 0x0001_0004;
    pub(super) const PUBLIC_KEY: u32 = 0x0001_0005;
    pub(super) const ENCRYPTED_SESSION_KEY: u32 = 0x0001_0006;
    pub(in crate::simulator) const CONNECT_RUNSPACEPOOL: u32 = 0x0001_0008;
    pub(super) const SET_MAX_RUNSPACES: u32 = 0x0002_1002;
    pub(super) const SET_MIN_RUNSPACES: u32 = 0x0002_1003;
    pub(super) const RUNSPACE_AVAILABILITY: u32 = 0x0002_1004;
    pub(super) const RUNSPACEPOOL_STATE: u32 = 0x0002_1005;
    pub(in crate::simulator) const CREATE_PIPELINE: u32 = 0x0002_1006;
    pub(super) const GET_AVAILABLE_RUNSPACES: u32 = 0x0002_1007;
    pub(super) const APPLICATION_PRIVATE_DATA: u32 = 0x0002_1009;
    pub(super) const RUNSPACEPOOL_INIT_DATA: u32 = 0x0002_100B;
    pub(super) const RESET_RUNSPACE_STATE: u32 = 0x0002_100C;
    pub(super) const PIPELINE_INPUT: u32 = 0x0004_1002;
    pub(super) const END_OF_PIPELINE_INPUT: u32 = 0x0004_1003;
    pub(super) const PIPELINE_OUTPUT: u32 = 0x0004_1004;
    pub(super) const ERROR_RECORD: u32 = 0x0004_1005;
    pub(super) const PIPELINE_STATE: u32 = 0x0004_1006;
    pub(super) const PIPELINE_HOST_CALL: u32 = 0x0004_1100;
}
