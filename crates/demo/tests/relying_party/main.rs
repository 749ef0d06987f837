//! The relying party over its HTTP interface, against a software authenticator and without any
//! tunnel: what it accepts, and everything that it must not.

#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(
    clippy::indexing_slicing,
    reason = "a missing JSON member fails the test"
)]

mod audit;
mod device_names;
mod flags;
mod forger;
mod guesses;
mod origins;
mod passkeys;
mod passwords;
mod races;
mod refused_answers;
mod sessions;
mod transports;
mod world;
