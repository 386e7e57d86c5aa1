//! What a session is, and which ones are meant: pure values, no I/O.
//!
//! A listing becomes [`SessionDescriptor`]s; a [`SessionQuery`] of [`Selector`]s and [`Filter`]s picks among them the
//! way PowerShell does and says which values [`Miss`]ed. The `parse_` functions read what a person writes.

mod account;
mod descriptor;
mod error;
mod filter;
mod keep_newest;
mod owner_pattern;
mod parse;
mod query;
#[cfg(test)]
mod sample;
mod selector;
mod selector_fields;
mod session_type;
mod session_values;
mod state;
mod transport;
mod visibility;
mod wildcard;

pub use account::{Comparison, LoginAccount};
pub use descriptor::{ComputerType, LocalId, SeenOn, SessionDescriptor};
pub use error::QueryError;
pub use filter::{Bound, Filter};
pub use keep_newest::{GroupKey, KeepNewest};
pub use owner_pattern::OwnerPattern;
pub use parse::{
    parse_account, parse_bound, parse_client_network, parse_duration_text, parse_guid, parse_ids,
};
pub use query::{OwnersSeen, Selection, SessionQuery};
pub use selector::{IdRange, Miss, Selector, SelectorProperty};
#[cfg(feature = "store")]
pub(crate) use selector_fields::SelectorFields;
pub use session_type::SessionType;
pub use session_values::parse_session_values;
pub use state::{Availability, SessionState, Stated};
pub use transport::Transport;
pub use visibility::{ListingView, Visibility};
pub use wildcard::{MAX_PATTERN, PatternError, WildcardPattern};
