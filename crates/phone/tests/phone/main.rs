//! The phone, from the outside: its answers to CTAP2 requests, its passkey file, its sessions.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod answers;
mod beginnings;
mod ctap;
// Modes and locks are those of Unix.
#[cfg(unix)]
mod files;
mod hostile;
mod people;
