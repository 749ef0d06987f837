//! The relying party over its HTTP interface, against a software authenticator and without any
//! tunnel: what it accepts, and everything that it must not.

#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(
    clippy::indexing_slicing,
    reason = "a missing JSON member fails the test"
)]

mod passkeys;
mod passwords;
mod refused_answers;
mod sessions;
mod world;
