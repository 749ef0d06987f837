//! See [`hawser_fuzz::ctap_requests`].
#![cfg_attr(fuzzing, no_main)]

use hawser_fuzz::ctap_requests;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|request: &[u8]| ctap_requests::run(request));

/// Outside of a fuzzer there is nothing to do: `tests/seeds.rs` runs the targets.
#[cfg(not(fuzzing))]
fn main() {}
