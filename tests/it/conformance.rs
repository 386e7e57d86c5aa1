//! The kit: our fixtures and the recordings beside the project go the same way, from the file to the wire.

mod convert;
mod fixtures;
mod judging;
mod live;

mod path;
mod replaying;
mod scrubbing;
mod sizes;
