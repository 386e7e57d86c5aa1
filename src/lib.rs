//! Find, select and close PowerShell sessions and WinRM shells, and prove that they are gone.

pub mod wsman;

pub use wsman::{Fault, ShellId};
