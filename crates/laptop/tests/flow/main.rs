//! Whole transactions: the test plays the phone, with the phone's half of the protocol.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod air;
mod answers;
mod gateway;
mod hostile;
mod linked;
mod losses;
mod phone;
mod relay;
mod service;
mod story;
mod time;
