//! The simulator judged from outside: envelopes and tokens written by hand, and a raw HTTP client that knows on
//! which connection it is.

mod client;
mod configuration;
mod control;
mod http;
mod memory;
mod negotiate;
mod omi;
mod powershell;
mod profiles;
mod scripts;
mod sealed;
mod security;
mod streams;
mod strictness;
mod wire;
mod world;
