//! What a caller wants done, as values: [`ListRequest`], [`RemoveRequest`], [`ForgetRequest`], [`IdentifyRequest`].
//!
//! A request says which sessions, on which hosts, and what is to be confirmed. It resolves hosts, remembered sessions and
//! objects, decides which host receives which credential, selects, has the plan confirmed, runs it, and returns what came
//! of it. The command line, its PowerShell spelling and a program build the same request and have the same protection:
//! [`Caller`] answers its questions and hears its [`Event`]s. [`Unattended`] is a caller without a person; it refuses what
//! a person would have to confirm.
//!
//! ```no_run
//! use pssession::request::{Hosts, RemoveRequest, SessionScope, Unattended};
//! use pssession::session::{Filter, OwnerPattern, SessionQuery};
//! use pssession::teardown::Cancellation;
//! use pssession::{Credential, Endpoint};
//!
//! # async fn run(password: pssession::secrecy::SecretString) -> Result<(), Box<dyn std::error::Error>> {
//! let owner = Filter::Owner(vec![OwnerPattern::new("ci-*")?]);
//! let request = RemoveRequest {
//!     scope: SessionScope {
//!         hosts: Hosts::new(vec![Endpoint::parse("web01", true)?]),
//!         query: SessionQuery::new(Vec::new(), vec![owner]),
//!         ..SessionScope::default()
//!     },
//!     what_if: true,
//!     ..RemoveRequest::default()
//! };
//! let caller = Unattended { credential: Credential::new(r"CORP\admin", password) };
//! for record in request.run(&caller, &Cancellation::new()).await?.report.records {
//!     println!("{}", record.session.shell.shell_id);
//! }
//! # Ok(())
//! # }
//! ```

mod accounts;
mod brakes;
mod caller;
mod connectors;
mod error;
mod event;
mod evidence;
mod forget;
mod host_by_host;
mod hosts;
mod identify;
mod inventory;
mod later_rounds;
mod list;
mod listing;
mod listing_queue;
mod login_check;
mod logins;
mod machine_password;
mod miss_rule;
mod remembered;
mod remove;
mod repetition;
mod rounds;
mod settings;
mod shard;
mod source;
mod table;

pub use brakes::{CloseLimits, ExceededLimit, FailureLimit};
pub use caller::{Caller, MachinePassword, Unattended};
pub use error::{RequestError, TableError};
pub use event::{Event, LimitedListing, NothingFound};
pub use evidence::SessionEvidence;
pub use forget::{ForgetRequest, ForgottenSessions};
pub use hosts::Hosts;
pub use identify::{ClockDifference, IdentifiedEndpoint, IdentifyRequest};
pub use inventory::{
    Inventory, InventoryErrors, InventoryHost, InventoryOverrides, InventoryPlace, InventoryProblem,
    InventoryProblemKind, MAX_INVENTORY_HOSTS, SelectedHosts, VariableOwner, expand_host_range,
};
pub use list::{ListRequest, ListedSessions, RepeatedListing};
pub use login_check::{LoginCheck, LoginCheckRequest, LoginChecks, SeenShells};
pub use miss_rule::{MissRule, OnMiss};
pub use remembered::UnboundObjects;
pub use remove::{Confirm, RemoveRequest, RemovedSessions};
pub use repetition::{NotRepeatable, Repetition};
pub use settings::{HostSettings, PasswordSource, same_account};
pub use shard::{InvalidShard, Shard};
pub use source::{SessionScope, Source};
pub use table::SessionTable;
