//! Whole sign-ins against the relay that this repository ships.

use serde_json::Value;
use tempfile::TempDir;

use crate::rig::{Service, command, drive, finished};

#[test]
fn sign_ins_are_done_counted_and_timed() {
    let relay = Service::relay();
    let pid = std::process::id().to_string();
    let run = drive(
        "sign-ins",
        &relay.url(),
        &[
            "--rate=200",
            "--count=120",
            "--warm-up=0s",
            "--server-pid",
            &pid,
            "--csv={folder}/run.csv",
            "--hdr={folder}/run.hlog",
        ],
    );
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(run.count("/totals/done"), 120);
    assert_eq!(run.count("/totals/failed"), 0);
    assert_eq!(run.count("/totals/messages"), 720);
    for phase in ["operation", "service", "open", "join", "messages", "close"] {
        assert_eq!(
            run.count(&format!("/latency/{phase}/count")),
            120,
            "{phase}"
        );
    }
    assert_eq!(run.count("/latency/message/count"), 720);
    let operation = run.figure("/latency/operation/p50");
    assert!(operation >= run.figure("/latency/messages/p50"));
    assert!(run.figure("/server/cpu_seconds") > 0.0);
    assert!(run.figure("/server/rss_after") > 0.0);
    assert!(run.stdout.contains("120 in"), "{}", run.stdout);
    assert!(run.stdout.contains("passed"), "{}", run.stdout);
    assert_eq!(run.stderr, "", "nothing is drawn where nobody watches");

    let csv = std::fs::read_to_string(run.folder.path().join("run.csv")).unwrap();
    assert!(csv.starts_with("seconds,measured,offered_per_s"));
    assert!(csv.lines().count() >= 2);
    let log = std::fs::read_to_string(run.folder.path().join("run.hlog")).unwrap();
    assert!(
        log.lines().any(|line| line.starts_with("Tag=operation,")),
        "{log}"
    );
}

#[test]
fn a_closed_loop_offers_nothing_and_does_what_it_is_told() {
    let relay = Service::relay();
    let run = drive(
        "sign-ins",
        &relay.url(),
        &[
            "--closed=3",
            "--count=50",
            "--warm-up=0s",
            "--arrival=poisson",
        ],
    );
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert_eq!(run.count("/totals/done"), 50);
    assert!(run.record["totals"]["offered_rate"].is_null());
}

#[test]
fn gates_fail_a_run_and_say_which() {
    let relay = Service::relay();
    let run = drive(
        "sign-ins",
        &relay.url(),
        &[
            "--count=20",
            "--warm-up=0s",
            "--fail-if=p99>1us",
            "--fail-if",
            "errors > 0%",
        ],
    );
    assert_eq!(run.code, 1);
    assert!(
        run.stdout.contains("gate p99>1us: FAILED"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("gate errors>0%: ok"), "{}", run.stdout);
}

#[test]
fn a_gate_without_a_figure_does_not_pass_unnoticed() {
    let relay = Service::relay();
    let run = drive(
        "sign-ins",
        &relay.url(),
        &["--count=5", "--warm-up=0s", "--fail-if=cpu-per-op>1s"],
    );
    assert_eq!(run.code, 1);
    assert!(
        run.stdout.contains("gate cpu-per-op>1s: FAILED (unknown)"),
        "{}",
        run.stdout
    );
}

#[test]
fn refusals_are_counted_with_their_status() {
    let relay = Service::relay_with(|config| config.quotas.tunnels_per_second = Some(5));
    let run = drive(
        "sign-ins",
        &relay.url(),
        &["--rate=500", "--count=60", "--warm-up=0s", "--sources=1"],
    );
    let refused = run.count("/failures/open_refused 429");
    assert!(refused > 0, "{}", run.stdout);
    assert_eq!(run.count("/totals/done") + refused, 60);
    assert!(run.count("/totals/done") >= 5);
    assert_eq!(run.code, 0, "a refusal is no fault, and nobody set a gate");
    let verdict = run.stdout.lines().last().unwrap_or_default();
    assert!(
        verdict.contains("passed, but") && verdict.contains(" % failed"),
        "not to be taken for success: {verdict}"
    );
}

#[test]
fn a_count_is_of_what_is_measured() {
    // By default, the first second is a warm-up: fewer than it has would leave nothing.
    let relay = Service::relay();
    for pace in ["--rate=40", "--closed=2"] {
        let run = drive(
            "sign-ins",
            &relay.url(),
            &[pace, "--count=10", "--warm-up=500ms"],
        );
        assert_eq!(run.code, 0, "{pace}: {}", run.stdout);
        assert_eq!(run.count("/totals/done"), 10, "{pace}: {}", run.stdout);
    }
}

#[test]
fn few_operations_come_no_faster_than_they_were_asked_for() {
    let relay = Service::relay();
    let run = drive(
        "sign-ins",
        &relay.url(),
        &["--rate=4", "--count=4", "--warm-up=0s"],
    );
    assert_eq!(run.count("/totals/done"), 4, "{}", run.stdout);
    // Three quarters of a second from the first to the last, and a quarter that is the last one's.
    assert!(run.figure("/totals/done_rate") < 4.01, "{}", run.stdout);
}

#[test]
fn json_can_go_to_standard_output_alone() {
    let relay = Service::relay();
    let folder = TempDir::new().unwrap();
    let url = relay.url();
    let arguments = ["sign-ins", "--url", &url, "--count=5", "--json=-"];
    let arguments = [&arguments[..], &["--warm-up=0s", "--fail-if=p99>100s"]].concat();
    let run = finished(command(&arguments, &folder).output().unwrap(), folder);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let record: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(record["totals"]["done"], 5);
    // To be typed again: without quotes, this would write a file named 100s.
    let command = record["command"].as_str().unwrap();
    assert!(command.ends_with("'--fail-if=p99>100s'"), "{command}");
}
