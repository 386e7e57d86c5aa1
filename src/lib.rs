//! Find, select and close PowerShell sessions and WinRM shells, and prove that they are gone.

pub mod auth;
mod error;
pub mod session;
#[cfg(feature = "simulator")]
pub mod simulator;
#[cfg(feature = "client")]
pub mod transport;
pub mod wsman;

pub use auth::{AuthScheme, Credential};
pub use error::{Error, Result};
pub use session::{SessionDescriptor, SessionQuery};
#[cfg(feature = "client")]
pub use transport::{Connection, Connector, Endpoint, HttpConnector, Security};
pub use wsman::{Fault, ShellId};
