//! The WS-Management language against the hand-made fixtures.

mod catalogue;
mod exchanges;
mod malformed;
