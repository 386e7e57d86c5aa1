//! What several tests share: the built command, servers that do exactly what a test says, fixtures, recordings, captured logs.

pub(crate) mod command;
pub(crate) mod desk;
pub(crate) mod fixtures;
#[cfg(target_os = "linux")]
pub(crate) mod front;
pub(crate) mod logs;
pub(crate) mod ntlm;
pub(crate) mod oracles;
#[cfg(target_os = "linux")]
pub(crate) mod pty;
pub(crate) mod pwsh;
pub(crate) mod raw;
pub(crate) mod recordings;
#[cfg(target_os = "linux")]
pub(crate) mod screen;
pub(crate) mod seal;
#[cfg(target_os = "linux")]
pub(crate) mod stage;
pub(crate) mod tls;
pub(crate) mod tools;
pub(crate) mod wildcards;
#[cfg(target_os = "linux")]
pub(crate) mod workplace;
