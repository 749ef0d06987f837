//! See [`hawser_fuzz::ctap_replies`].
#![cfg_attr(fuzzing, no_main)]

use hawser_fuzz::ctap_replies;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|reply: &[u8]| ctap_replies::run(reply));

/// Outside of a fuzzer there is nothing to do: `tests/seeds.rs` runs the targets.
#[cfg(not(fuzzing))]
fn main() {}
