//! Find, select and close PowerShell sessions and WinRM shells, and prove that they are gone.

pub mod auth;
pub mod session;
pub mod wsman;

pub use auth::{AuthScheme, Credential};
pub use session::{SessionDescriptor, SessionQuery};
pub use wsman::{Fault, ShellId};
