//! Whole sessions of both flows with fixed keys, every byte of them.

mod linked;
mod qr;

use crate::vector::{Outcome, Vector};

pub(crate) fn check(vector: &Vector) -> Outcome {
    match vector.id.as_str() {
        "sim-qr-with-linking" => qr::check(vector),
        "sim-state-assisted" => linked::check(vector),
        _ => Err("no check".into()),
    }
}
