//! The program as its user runs it, against the real relay and against a faulty one.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

mod faults;
mod faulty_relay;
mod merge;
mod page;
mod rig;
mod scenarios;
mod sign_ins;
mod stalls;
mod streams;
mod surroundings;
mod think_time;
mod tls;
mod usage;
