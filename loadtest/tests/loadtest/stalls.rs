//! Coordinated omission: a stall is charged to everything that it delayed, and a closed loop would
//! have hidden it.

use std::time::Duration;

use crate::faulty_relay::Faulty;
use crate::rig::drive;

/// One pause of the whole relay, in the middle of 400 sign-ins of 6 messages.
const PAUSE: Duration = Duration::from_secs(1);
const MIDDLE: u64 = 1200;

#[test]
fn an_open_loop_charges_a_stall_to_all_that_it_delayed() {
    let relay = Faulty::pausing(MIDDLE, PAUSE);
    let run = drive(
        "sign-ins",
        &relay.service.url(),
        &["--rate=200", "--count=400", "--warm-up=0s"],
    );
    assert_eq!(run.code, 0, "{}", run.stdout);
    // The 200 that fell due in that second waited half a second on average: half of all.
    let p90 = run.figure("/latency/operation/p90");
    assert!(p90 > 500.0, "p90 {p90} ms: {}", run.stdout);
}

#[test]
fn a_closed_loop_would_have_hidden_it() {
    let relay = Faulty::pausing(MIDDLE, PAUSE);
    let run = drive(
        "sign-ins",
        &relay.service.url(),
        &["--closed=1", "--count=400", "--warm-up=0s"],
    );
    assert_eq!(run.code, 0, "{}", run.stdout);
    assert!(
        run.figure("/latency/operation/max") >= 1000.0,
        "{}",
        run.stdout
    );
    // One of 400 met the pause.
    let p99 = run.figure("/latency/operation/p99");
    assert!(p99 < 500.0, "p99 {p99} ms: {}", run.stdout);
}
