//! The simulator judged from outside: envelopes and tokens written by hand, and a raw HTTP client that knows on
//! which connection it is.

mod client;
mod control;
mod http;
mod memory;
mod negotiate;
mod powershell;
mod profiles;
mod scripts;
mod sealed;
mod security;
mod streams;
mod wire;
mod world;
