//! Several instances behind one domain, in one process, over real sockets.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod client;
mod cluster;
mod failures;
mod guard;
mod hops;
mod token;
