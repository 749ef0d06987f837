//! See [`hawser_fuzz::qr_code`].
#![cfg_attr(fuzzing, no_main)]

use hawser_fuzz::qr_code;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|code: &[u8]| qr_code::run(code));

/// Outside of a fuzzer there is nothing to do: `tests/seeds.rs` runs the targets.
#[cfg(not(fuzzing))]
fn main() {}
