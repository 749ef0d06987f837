//! The console's pages over HTTP, without a browser: what they let through, and what they must not.

#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::panic, reason = "a test may panic")]
#![expect(
    clippy::indexing_slicing,
    reason = "a missing JSON member fails the test"
)]

mod addresses;
mod administration;
mod assets;
mod devices;
mod enforcement;
#[path = "../relying_party/forger.rs"]
#[expect(dead_code, reason = "shared with the tests of the JSON interface")]
mod forger;
mod forms;
mod headers;
mod limits;
mod phones;
mod records;
mod sign_in;
mod step_up;
mod visitor;
