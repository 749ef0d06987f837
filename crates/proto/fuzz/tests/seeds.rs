//! Every target with every seed, whole and spoiled a little: no find of a fuzzer, but no target rots.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

use std::path::Path;

use arbitrary::{Arbitrary as _, Unstructured};
use hawser_fuzz::{ctap_replies, ctap_requests, frames, introductions, qr_code};
use proptest::prelude::*;
use proptest::sample::Index;

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("seeds")
        .join(target);
    let files = std::fs::read_dir(folder).unwrap();
    let mut seeds: Vec<_> = files
        .map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .collect();
    assert!(!seeds.is_empty(), "{target} has no seeds");
    // The order of a directory is anything.
    seeds.sort();
    seeds
}

/// Runs the seeds, then `cases` of them with some bytes altered, and cut short or not.
fn replay(target: &str, cases: u32, run: fn(&[u8])) {
    let seeds = seeds(target);
    for seed in &seeds {
        run(seed);
    }
    let seed = prop::sample::select(seeds);
    let altered = prop::collection::vec((any::<Index>(), any::<u8>()), 0..4);
    let strategy = (seed, altered, prop::option::of(any::<Index>()));
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |((mut bytes, altered, cut) in strategy)| {
        for (place, byte) in altered {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len() + 1));
        }
        run(&bytes);
    });
}

#[test]
fn qr_codes() {
    replay("qr_code", 2_000, qr_code::run);
}

#[test]
fn introductions_and_linking() {
    replay("introductions", 500, introductions::run);
}

#[test]
fn requests_to_a_phone() {
    replay("ctap_requests", 100, ctap_requests::run);
}

#[test]
fn replies_to_a_laptop() {
    replay("ctap_replies", 1_000, ctap_replies::run);
}

/// Each is a whole handshake, so there are few.
#[test]
fn peers_that_keep_to_no_rule() {
    let config = ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(bytes in prop::collection::vec(any::<u8>(), 0..512))| {
        frames::run(frames::Case::arbitrary(&mut Unstructured::new(&bytes)).unwrap());
    });
}
