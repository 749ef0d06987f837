//! The client against a tunnel service that misbehaves, on real sockets of this machine.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod answers;
mod endings;
mod messages;
mod reach;
mod refusals;
mod relay;
mod requests;
mod server;
mod tls;
