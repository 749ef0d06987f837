//! People take their time: pauses are in no latency and slow no open loop, and what a service does to
//! those who wait is found.

use std::time::Duration;

use crate::rig::{Service, drive, drive_until};

#[test]
fn pauses_are_in_no_latency_and_hold_back_no_start() {
    let relay = Service::relay_with(|config| {
        config.lift_quotas();
        config.limits.ping_interval = Duration::from_millis(400);
    });
    let run = drive(
        "sign-ins",
        &relay.url(),
        &[
            "--rate=20",
            "--count=20",
            "--warm-up=0s",
            // All pauses together are longer than what an operation may take, and each is longer than
            // what a machine that stands still adds to one.
            "--timeout=9s",
            "--pause=scan=3s",
            "--pause=join=3500ms",
            "--pause=approve=4s",
        ],
    );
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(run.count("/totals/done"), 20);
    assert_eq!(run.count("/totals/messages"), 120);
    for (phase, milliseconds) in [
        ("pause_scan", 3000.0),
        ("pause_join", 3500.0),
        ("pause_approve", 4000.0),
        // From the phone's 101 on: without the scan.
        ("tunnel", 7500.0),
    ] {
        assert_eq!(run.count(&format!("/latency/{phase}/count")), 20);
        // A thousandth less: a histogram has three digits.
        let p50 = run.figure(&format!("/latency/{phase}/p50"));
        assert!(p50 > milliseconds * 0.999, "{phase} {p50}: {}", run.stdout);
    }
    for phase in [
        "operation",
        "service",
        "open",
        "join",
        "messages",
        "message",
    ] {
        let p50 = run.figure(&format!("/latency/{phase}/p50"));
        assert!(p50 < 3000.0, "{phase} {p50}: {}", run.stdout);
    }
    // Twenty in the second in which they fell due, and what the slowest took: without the pauses.
    let rate = run.figure("/totals/done_rate");
    let slowest = run.figure("/latency/operation/max") / 1000.0;
    let least = 0.99 * 20.0 / (1.0 + slowest);
    assert!(rate > least && rate < 20.01, "{rate}: {}", run.stdout);
    let open = run.figure("/findings/0/value");
    let mean = run.figure("/latency/tunnel/mean");
    assert!((open / (20.0 * mean / 1000.0) - 1.0).abs() < 0.01, "{open}");
    assert!(run.stdout.contains("Little's law"), "{}", run.stdout);
    assert!(run.count("/totals/pings") > 0, "a phone is alive meanwhile");
    let told = "scan=3s join=3500ms approve=4s";
    assert_eq!(run.record["settings"]["pause"], told);
}

#[test]
fn a_tunnel_that_is_closed_on_a_person_is_found() {
    let relay = Service::relay_with(|config| {
        config.lift_quotas();
        config.limits.waiting_time = Duration::from_millis(300);
    });
    let run = drive(
        "sign-ins",
        &relay.url(),
        &["--rate=20", "--count=6", "--warm-up=0s", "--pause=join=30s"],
    );
    assert_eq!(run.count("/totals/done"), 0, "{}", run.stdout);
    let closed = run.count("/failures/closed_by_service 1008");
    assert_eq!(closed, 6, "{}", run.stdout);
}

#[test]
fn more_people_than_may_be_under_way_are_refused_beforehand() {
    let relay = Service::relay();
    let url = relay.url();
    for (room, runs) in [("--max-in-flight=10", false), ("--max-in-flight=11", true)] {
        let arguments = ["--rate=100", "--count=1", "--warm-up=0s"];
        let arguments = [&arguments[..], &["--pause=approve=100ms", room]].concat();
        let run = drive("sign-ins", &url, &arguments);
        assert_eq!(run.code == 0, runs, "{room}: {}{}", run.stdout, run.stderr);
        assert_eq!(run.stderr.contains("10 sign-ins are under way"), !runs);
    }
}

#[test]
fn in_a_closed_loop_people_set_the_pace() {
    let relay = Service::relay();
    let arguments = ["--closed=10", "--count=10", "--warm-up=0s"];
    let arguments = [&arguments[..], &["--pause=approve=4s"]].concat();
    let run = drive("sign-ins", &relay.url(), &arguments);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    // Ten in the four seconds that they all took at once, and no more than ten tunnels.
    let rate = run.figure("/totals/done_rate");
    assert!(rate < 2.5, "{rate}: {}", run.stdout);
    let open = run.figure("/findings/0/value");
    assert!(open < 11.0, "{open}: {}", run.stdout);
    let p50 = run.figure("/latency/operation/p50");
    assert!(p50 < 4000.0, "a pause is in no latency: {}", run.stdout);
}

#[test]
fn those_who_are_turned_away_have_no_tunnel() {
    let relay = Service::relay_with(|config| {
        config.lift_quotas();
        config.quotas.waiting_tunnels = Some(6);
    });
    // Ten of twenty are there at once before the first laptop comes.
    let arguments = ["--rate=20", "--count=20", "--warm-up=0s", "--sources=1"];
    let arguments = [&arguments[..], &["--pause=join=500ms"]].concat();
    let run = drive("sign-ins", &relay.url(), &arguments);
    let done = run.figure("/totals/done");
    assert!(done > 5.0 && done < 20.0, "{}", run.stdout);
    let open = run.figure("/findings/0/value");
    let mean = run.figure("/latency/tunnel/mean") / 1000.0;
    assert!((open / (done * mean) - 1.0).abs() < 0.01, "{open}");
}

#[test]
fn pings_of_the_warm_up_are_not_measured() {
    let relay = Service::relay_with(|config| {
        config.lift_quotas();
        config.limits.ping_interval = Duration::from_millis(100);
    });
    // One sign-in, at the very beginning; the next would be due at the end of the warm-up.
    for (warm_up, counted) in [("--warm-up=6s", false), ("--warm-up=0s", true)] {
        let count = format!("--count={}", u8::from(counted));
        let arguments = ["--rate=0.1666", "--pause=approve=500ms", "--threads=1"];
        let arguments = [&arguments[..], &[warm_up, &count]].concat();
        let run = drive("sign-ins", &relay.url(), &arguments);
        assert_eq!(run.count("/totals/pings") > 0, counted, "{}", run.stdout);
    }
}

#[test]
fn of_a_pause_across_the_end_of_the_warm_up_only_the_pings_behind_it_are_measured() {
    let relay = Service::relay_with(|config| {
        config.lift_quotas();
        config.limits.ping_interval = Duration::from_millis(100);
    });
    // Both ends answer 140 in all, 20 of them in the last second, which counts. If the machine stands still
    // just before, some come late, but not most.
    let arguments = ["--rate=0.1666", "--pause=approve=7s", "--threads=1"];
    let arguments = [&arguments[..], &["--warm-up=6s", "--count=0"]].concat();
    let run = drive("sign-ins", &relay.url(), &arguments);
    let pings = run.count("/totals/pings");
    assert!(pings > 0 && pings <= 90, "{pings}: {}", run.stdout);
}

#[test]
fn a_run_that_is_stopped_waits_for_nobody() {
    let relay = Service::relay();
    let arguments = [
        "--rate=5",
        "--warm-up=0s",
        "--duration=10m",
        "--pause=approve=1m",
    ];
    // Four of the six messages come before the user says yes.
    let is_time = || relay.messages() >= 8;
    let run = drive_until(is_time, "-INT", "sign-ins", &relay.url(), &arguments);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.count("/totals/done") >= 2, "{}", run.stdout);
    assert_eq!(run.count("/totals/failed"), 0, "{}", run.stdout);
    // Pauses that were cut short, and such tunnels, say nothing of people.
    for phase in ["pause_approve", "tunnel"] {
        assert!(run.record["latency"][phase].is_null(), "{}", run.stdout);
    }
}
