//! All integration tests in one binary, so that they link once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::as_conversions,
    clippy::disallowed_methods,
    reason = "a test that is wrong should panic, and tests read their own world"
)]
#![cfg_attr(
    windows,
    allow(
        unused_imports,
        dead_code,
        reason = "what drives a terminal or needs the modes of Unix is left out there"
    )
)]

#[cfg(target_os = "linux")]
mod basic;
mod budget;
mod channel_binding;
mod command;
mod conformance;
#[cfg(target_os = "linux")]
mod docs;
mod examples;
mod faults;
mod foreign_clients;
mod foreign_logins;
mod fuzz_regressions;
#[cfg(all(feature = "kerberos", target_os = "linux"))]
mod kerberos;
#[cfg(any(target_os = "linux", windows))]
mod model;
#[cfg(target_os = "linux")]
mod negotiate;
mod ntlm_interop;
mod readme;
mod recorded;
mod repetition;
mod replay;
mod request;
mod schemas;
mod selection;
mod simulation;
mod simulator;
mod store;
mod support;
mod teardown;
mod tidy;
mod tls_interop;
mod transport;
mod wildcards;
mod windows;
#[cfg(target_os = "linux")]
mod wine;
mod wsman;
