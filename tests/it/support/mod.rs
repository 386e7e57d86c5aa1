//! What several tests share: the built command, servers that do exactly what a test says, fixtures, recordings, captured logs.

pub(crate) mod command;
pub(crate) mod command_fixture;
pub(crate) mod corpus;
pub(crate) mod fixtures;
#[cfg(target_os = "linux")]
pub(crate) mod front;
#[cfg(target_os = "linux")]
pub(crate) mod home_fixture;
pub(crate) mod logs;
pub(crate) mod ntlm;
pub(crate) mod oracles;
#[cfg(target_os = "linux")]
pub(crate) mod page_fixture;
#[cfg(target_os = "linux")]
pub(crate) mod pty;
pub(crate) mod pwsh;
pub(crate) mod raw;
pub(crate) mod recordings;
#[cfg(target_os = "linux")]
pub(crate) mod screen;
pub(crate) mod seal;
#[cfg(unix)]
pub(crate) mod simulator_process;
pub(crate) mod tls;
pub(crate) mod tools;
pub(crate) mod wildcards;
