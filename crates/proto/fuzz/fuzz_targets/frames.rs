//! See [`hawser_fuzz::frames`].
#![cfg_attr(fuzzing, no_main)]

use hawser_fuzz::frames;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|case: frames::Case| frames::run(case));

/// Outside of a fuzzer there is nothing to do: `tests/seeds.rs` runs the targets.
#[cfg(not(fuzzing))]
fn main() {}
