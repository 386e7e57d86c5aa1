//! Find, select and close PowerShell sessions and WinRM shells, and prove that they are gone.

pub mod auth;
#[cfg(feature = "client")]
mod client;
mod error;
mod limits;
mod listing;
pub mod session;
#[cfg(feature = "simulator")]
pub mod simulator;
#[cfg(feature = "store")]
pub mod store;
pub mod teardown;
#[cfg(feature = "client")]
pub mod transport;
pub mod wsman;

pub use auth::{AuthScheme, Credential};
#[cfg(feature = "client")]
pub use client::{
    IdSource, MAX_EMPTY_PAGES, MAX_LISTING_BYTES, MAX_PAGES, MAX_SHELLS, RandomIds, WsmanClient,
};
pub use error::{Error, Result};
pub use limits::{Limits, OPERATION_TIMEOUT, READ_SLACK};
pub use listing::{Gap, Listing};
pub use session::{SessionDescriptor, SessionQuery};
#[cfg(feature = "client")]
pub use teardown::Engine;
pub use teardown::{Outcome, Plan, Policy, Report};
#[cfg(feature = "client")]
pub use transport::{Connection, Connector, Endpoint, HttpConnector, Security};
pub use wsman::{Fault, ShellId};
