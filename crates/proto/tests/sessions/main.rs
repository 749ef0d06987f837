//! Whole sessions in memory: both flows, and everything that a tunnel service, a stranger or a peer
//! with the right keys could do to them.
//!
//! The rule behind all of it: a session gives the right answer or a typed error. It never gives a
//! wrong answer, and nothing that it is given makes it panic.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod altered_bytes;
mod generators;
mod introductions;
mod key_holders;
mod limits;
mod replies;
mod round_trips;
mod shutdown;
mod signal;
mod snow;
mod tampering;
mod updates;
mod world;
