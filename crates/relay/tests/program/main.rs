//! The `hawser-relay` program, as its operator and its clients meet it.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may panic"
)]

mod admin;
mod certificate;
mod client;
mod config;
mod deploy;
mod faults;
mod hurry;
mod keys;
mod links;
mod logs;
mod operator;
mod peers;
mod program;
mod proxies;
mod reload;
mod stop;
mod tls;
