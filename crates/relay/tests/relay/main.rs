//! The relay over pipes in memory, with a clock that the tests move: no socket, no sleep.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "a test may panic"
)]

mod client;
mod flood;
mod http;
mod lifetimes;
mod limits;
mod metered;
mod panics;
mod refusals;
mod tunnels;
mod websocket;
