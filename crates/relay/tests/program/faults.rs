//! What the relay does while clients misbehave in numbers, and what an honest one sees meanwhile.
//!
//! The ordinary test run takes a reduced number of each. The full form, which docs/reliability.md
//! records, takes some minutes and is
//! `HAWSER_FAULTS=full cargo test --release -p hawser-relay --test program faults -- --test-threads 1 --nocapture`.

mod churn;
mod descriptors;
mod half_open;
mod honest;
mod killed;
mod sockets;
mod stalled;

/// The reduced number for every test run, or the full one when that is asked for.
fn scale(reduced: usize, full: usize) -> usize {
    if is_full() { full } else { reduced }
}

fn is_full() -> bool {
    match std::env::var("HAWSER_FAULTS").as_deref() {
        Ok("full") => true,
        Ok(other) => panic!("HAWSER_FAULTS is {other:?}; it may be full, or not set"),
        Err(_) => false,
    }
}
