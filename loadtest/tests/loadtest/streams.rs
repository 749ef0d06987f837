//! A service that does not keep up: nothing that was intended may vanish from the report.

use std::time::Duration;

use serde_json::Value;

use crate::faulty_relay::Faulty;
use crate::rig::{Service, drive, drive_until};

#[test]
fn messages_that_never_arrive_fail_at_the_age_that_they_have() {
    let relay = Faulty::falling_silent(200);
    let run = drive(
        "stream",
        &relay.service.url(),
        &[
            "--rate=200",
            "--tunnels=2",
            "--warm-up=0s",
            "--duration=2s",
            // Of a machine that stands still, too: what the service has passed on arrives.
            "--timeout=8s",
            "--drain=5s",
            "--close-timeout=1s",
        ],
    );
    let arrived = run.count("/totals/messages");
    let missing = run.count("/failures/undelivered") + run.count("/failures/unfinished");
    assert_eq!(arrived, 200, "{}", run.stdout);
    assert_eq!(run.count("/totals/offered"), arrived + missing);
    assert!(run.count("/totals/failed") >= missing, "{}", run.stdout);
    // Half of all: a median of those that arrived alone would be far below.
    let p90 = run.figure("/latency/message/p90");
    assert!(p90 >= 300.0, "p90 {p90} ms: {}", run.stdout);
    // The service lived for half of the time, and so its rate is at most half of what was asked for.
    let rate = run.figure("/totals/done_rate");
    assert!(rate < 120.0, "{rate}/s: {}", run.stdout);
}

#[test]
fn what_one_direction_has_lost_keeps_nothing_of_the_other_from_being_seen() {
    // What falls due in this second arrives behind it, when the run is only waiting, or never.
    let relay = Faulty::pausing_and_falling_silent(50, Duration::from_secs(3), 150);
    let run = drive(
        "stream",
        &relay.service.url(),
        &[
            "--rate=200",
            "--tunnels=1",
            "--warm-up=0s",
            "--duration=1s",
            "--timeout=8s",
            "--close-timeout=1s",
        ],
    );
    assert_eq!(run.count("/totals/messages"), 150, "{}", run.stdout);
    assert_eq!(run.count("/failures/undelivered"), 50, "{}", run.stdout);
}

#[test]
fn both_directions_full_to_the_brim_do_not_hold_each_other_up() {
    // More than all buffers on the way take: who only writes waits for ever.
    let relay = Service::relay_with(|config| {
        config.lift_quotas();
        config.limits.message_bytes = 1024 * 1024;
        config.limits.tunnel_bytes = None;
    });
    let run = drive(
        "stream",
        &relay.url(),
        &[
            "--size=1048576",
            "--window=40",
            "--tunnels=1",
            "--messages-per-tunnel=40",
            "--count=80",
            "--warm-up=0s",
            "--duration=20s",
            // For all of them together, also on a slow machine.
            "--timeout=40s",
        ],
    );
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(run.count("/totals/messages"), 80, "{}", run.stdout);
    assert_eq!(run.count("/totals/failed"), 0, "{}", run.stdout);
}

#[test]
fn the_time_series_shows_what_was_intended_also_while_nothing_begins() {
    // A pause in which two sign-ins are all that may be under way, and long enough for whole intervals, also of
    // a machine that stands still for some of it.
    let relay = Faulty::pausing(60, Duration::from_secs(5));
    let run = drive(
        "sign-ins",
        &relay.service.url(),
        &[
            "--rate=50",
            "--max-in-flight=2",
            "--threads=1",
            "--duration=6s",
            "--warm-up=0s",
            "--interval=250ms",
        ],
    );
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.count("/totals/held_back") > 0, "{}", run.stdout);
    let rows = run.record["series"].as_array().unwrap();
    let figure = |row: &Value, name: &str| row[name].as_f64().unwrap();
    let paused = rows.iter().filter(|row| figure(row, "done") < 1.0);
    let offered: Vec<f64> = paused.map(|row| figure(row, "offered")).collect();
    // No more than two can begin in such an interval, which would be 8 a second.
    assert!(offered.iter().any(|rate| *rate > 20.0), "{rows:?}");
}

#[test]
fn what_waited_when_the_run_was_stopped_was_intended_too() {
    // Nothing answers any more after the tenth sign-in, and one is all that may be under way: so each of the
    // messages before is one of the first ten.
    let relay = Faulty::falling_silent(60);
    let is_time = || {
        if relay.is_silent() {
            // Some hundred and fifty fall due meanwhile, and none of them can begin.
            std::thread::sleep(Duration::from_secs(3));
        }
        relay.is_silent()
    };
    let arguments = [
        "--rate=50",
        "--max-in-flight=1",
        "--threads=1",
        "--duration=10m",
        "--timeout=5m",
        "--warm-up=0s",
        "--interval=50ms",
        "--csv={folder}/run.csv",
    ];
    let url = relay.service.url();
    let run = drive_until(is_time, "-INT", "sign-ins", &url, &arguments);
    assert_eq!(run.record["interrupted"], true);
    let (offered, done) = (run.count("/totals/offered"), run.count("/totals/done"));
    assert_eq!(done, 10, "{}", run.stdout);
    assert_eq!(
        run.count("/totals/failed"),
        offered - done,
        "{}",
        run.stdout
    );
    assert!(offered >= 140, "{offered} offered: {}", run.stdout);
    // What was done is not spread over less time than it was asked for.
    assert!(run.figure("/totals/seconds") > 3.0, "{}", run.stdout);
    assert!(run.stdout.contains("passed, but"), "{}", run.stdout);
}

#[test]
fn messages_that_are_sent_late_are_no_failures_and_no_rate() {
    // Half a second in which nothing passes, at the very end of what falls due.
    let relay = Faulty::pausing(150, Duration::from_millis(1500));
    let run = drive(
        "stream",
        &relay.service.url(),
        &[
            "--rate=200",
            "--tunnels=2",
            "--warm-up=0s",
            "--duration=1s",
            "--messages-per-tunnel=0",
        ],
    );
    assert_eq!(run.code, 0, "{}", run.stdout);
    assert_eq!(run.count("/totals/done"), 200, "{}", run.stdout);
    assert_eq!(run.count("/totals/failed"), 0, "{}", run.stdout);
    // 200 in the two seconds and more that they took, not in the one in which they fell due.
    let rate = run.figure("/totals/done_rate");
    assert!(rate < 110.0, "{rate}/s: {}", run.stdout);
}
