//! The local table: the sessions that this user knows of, shared by all their processes, across days.
//!
//! A [`Row`] is a [`SessionDescriptor`](crate::session::SessionDescriptor) and a [`RowMetadata`] of how it came here
//! ([`Origin`]) and how it is reached again (User, Auth, WSMan SessionId): never a password, never a dangerous switch.
//! [`Store`] changes the table, [`StoreReader`] only looks. Each call is one short transaction, all or nothing; time is
//! an argument. The calls block: an async program makes them on a thread for blocking work.
//!
//! # The file
//! One SQLite file in WAL mode with `synchronous=FULL`, mode 0600, plus `-wal` and `-shm` beside it while it is in use,
//! and a `.lock` that stays. Opening a table that is as it should be writes nothing. Creation and migration happen
//! under the lock; a new table is built under another name and moved into place whole. A file that is another
//! program's, damaged, or written by a newer version is refused and left as it is.
//!
//! **Not on a network file system:** the processes share memory through the `-shm` file and rely on byte-range locks, and
//! NFS and SMB give neither reliably. The table is small and personal: keep it on a local disk. This is not detected
//! beyond what SQLite itself notices.
//!
//! # Ids
//! A [`LocalId`](crate::session::LocalId) is given once and never again, also after its row is gone. A row keeps its
//! Id for as long as it stays: its key is (endpoint URL, ShellId), both ignoring ASCII case. Endpoint URLs are compared
//! as text, so pass them as [`SessionDescriptor::endpoint_url`](crate::session::SessionDescriptor::endpoint_url) has them.

mod candidates;
mod columns;
mod error;
mod files;
mod id_allocator;
mod listing_writer;
mod lookup;
mod merge;
mod opening;
mod reader;
mod row;
mod schema;
mod table;

pub use error::{InvalidRow, StoreError, StoreProblem};
pub use opening::StoreOptions;
pub use reader::StoreReader;
pub use row::{Imported, ListedShells, ListingContext, MergedListing, Origin, Row, RowMetadata, Rows};
pub use table::Store;
