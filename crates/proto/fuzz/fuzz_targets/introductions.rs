//! See [`hawser_fuzz::introductions`].
#![cfg_attr(fuzzing, no_main)]

use hawser_fuzz::introductions;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| introductions::run(bytes));

/// Outside of a fuzzer there is nothing to do: `tests/seeds.rs` runs the targets.
#[cfg(not(fuzzing))]
fn main() {}
