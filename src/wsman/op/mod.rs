//! One operation per file: its request, its reply, its tests.

mod catalogue;
mod delete;
mod enumerate;
mod get;
pub mod identify;
mod page;
mod pull;
mod release;
mod signal;

pub use catalogue::{CatalogueRow, EXAMPLE_MESSAGE_ID, OPERATIONS};
pub use delete::Delete;
pub use enumerate::{DEFAULT_MAX_ELEMENTS, EnumerateCommands, EnumerateShells};
pub use get::Get;
pub use identify::Identity;
pub use page::{Item, Page};
pub use pull::Pull;
pub use release::Release;
pub use signal::{Signal, SignalCode};
