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

#[test]
fn a_wait_for_room_is_charged_to_those_who_waited() {
    let relay = Faulty::pausing(MIDDLE, PAUSE);
    let arguments = ["--rate=100", "--count=300", "--warm-up=0s"];
    let arguments = [&arguments[..], &["--max-in-flight=1", "--threads=1"]].concat();
    let run = drive("sign-ins", &relay.service.url(), &arguments);
    assert_eq!(run.code, 0, "{}", run.stdout);
    assert!(run.count("/totals/held_back") > 50, "{}", run.stdout);
    // They fell due in the pause and began after it: what they were kept waiting is in the one figure
    // and not in the other.
    let p90 = run.figure("/latency/operation/p90");
    assert!(p90 > 300.0, "p90 {p90} ms: {}", run.stdout);
    let service = run.figure("/latency/service/p90");
    assert!(service < 300.0, "service p90 {service} ms: {}", run.stdout);
}

#[test]
fn what_never_began_has_failed() {
    let relay = Faulty::pausing(3, Duration::from_secs(3));
    let arguments = [
        "--rate=100",
        "--duration=500ms",
        "--warm-up=0s",
        "--threads=1",
    ];
    let arguments = [&arguments[..], &["--max-in-flight=1", "--drain=100ms"]].concat();
    let run = drive("sign-ins", &relay.service.url(), &arguments);
    let failed = run.count("/totals/failed");
    assert_eq!(run.count("/totals/offered"), 50, "{}", run.stdout);
    assert_eq!(run.count("/totals/done") + failed, 50, "{}", run.stdout);
    assert_eq!(run.count("/failures/unfinished"), failed, "{}", run.stdout);
    assert!(run.count("/totals/started") < 50, "{}", run.stdout);
}
