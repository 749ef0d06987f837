//! Fuzz targets for everything that reads what a stranger wrote. CONTRIBUTING.md says how to run them.
//!
//! They are functions, so that they are built, linted and tried with their seeds like everything else; `fuzz_targets/` hands them
//! to libFuzzer.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a panic is what a fuzzer looks for"
)]

pub mod ctap_replies;
pub mod ctap_requests;
pub mod frames;
pub mod introductions;
pub mod qr_code;
