//! Every way in which a relay can break its word is found, named and counted.

use crate::faulty_relay::{Faulty, Sin};
use crate::rig::{Run, drive};

/// The name that the harness has for each.
const NAMES: [(Sin, &str); 7] = [
    (Sin::Lose, "lost"),
    (Sin::Double, "repeated"),
    (Sin::Swap, "reordered"),
    (Sin::Alter, "altered"),
    (Sin::Truncate, "truncated"),
    (Sin::Text, "text"),
    (Sin::CloseEarly, "early_close"),
];

fn stream(relay: &Faulty) -> Run {
    let arguments = [
        "--tunnels=6",
        "--count=4000",
        "--size=200",
        "--messages-per-tunnel=100",
        "--warm-up=0s",
        // Of a machine that stands still, too. Nothing waits for it but a last message that was lost.
        "--timeout=20s",
    ];
    drive("stream", &relay.service.url(), &arguments)
}

#[test]
fn each_fault_alone_is_found_as_often_as_it_was_committed() {
    for (sin, name) in NAMES {
        let relay = Faulty::new(&[sin]);
        let run = stream(&relay);
        let committed = relay.count(sin);
        assert!(committed >= 5, "{name}: {committed}");
        assert_eq!(
            run.count(&format!("/faults/{name}")),
            committed,
            "{name}: {}",
            run.stdout
        );
        let kinds = run.record["faults"].as_object().unwrap().len();
        assert_eq!(kinds, 1, "{name}: nothing else is blamed: {}", run.stdout);
        assert_eq!(run.code, 3, "{name}");
        assert!(run.stdout.contains(name), "{}", run.stdout);
    }
}

#[test]
fn a_message_in_another_tunnel_is_found_there() {
    let relay = Faulty::new(&[Sin::Misdeliver]);
    let run = stream(&relay);
    let committed = relay.count(Sin::Misdeliver);
    let found = run.count("/faults/misdelivered");
    assert!(committed >= 5, "{committed}");
    // A tunnel that closes just then takes its stray message with it.
    assert!(
        found >= committed - 2 && found <= committed,
        "{found} of {committed}"
    );
    assert_eq!(run.code, 3);
}

#[test]
fn stalls_are_counted_and_show_in_the_latencies() {
    let relay = Faulty::new(&[Sin::Stall]);
    let run = stream(&relay);
    assert!(
        run.count("/totals/stalls") >= relay.count(Sin::Stall),
        "{}",
        run.stdout
    );
    assert!(relay.count(Sin::Stall) >= 5);
    assert!(run.figure("/latency/message/max") >= 200.0);
    assert!(run.stdout.contains("stalled messages"), "{}", run.stdout);
    assert_eq!(run.code, 0, "slow is not incorrect: {}", run.stdout);
}

#[test]
fn a_wrong_close_code_is_found() {
    let relay = Faulty::new(&[Sin::WrongCode]);
    let url = relay.service.url();
    let arguments = ["--rate=500", "--count=200", "--warm-up=0s"];
    let run = drive("sign-ins", &url, &arguments);
    assert_eq!(run.count("/faults/close_code"), relay.count(Sin::WrongCode));
    assert!(relay.count(Sin::WrongCode) >= 3);
    assert_eq!(run.code, 3);
    let run = drive(
        "sign-ins",
        &url,
        &[&arguments[..], &["--close-codes=1000,1011"]].concat(),
    );
    assert_eq!(run.code, 0, "unless it is allowed: {}", run.stdout);
}

#[test]
fn a_waiting_phone_that_hangs_up_is_owed_a_close_frame_too() {
    let relay = Faulty::new(&[Sin::HangUp]);
    let arguments = ["--state=waiting", "--count=3", "--rate=20", "--warm-up=0s"];
    let run = drive("churn", &relay.service.url(), &arguments);
    assert_eq!(relay.count(Sin::HangUp), 3);
    assert_eq!(run.count("/faults/no_close"), 3, "{}", run.stdout);
    assert_eq!(run.code, 3);
}

#[test]
fn all_faults_together_are_found_in_sign_ins_too() {
    let relay = Faulty::new(&[&Sin::OF_MESSAGES[..], &[Sin::WrongCode]].concat());
    let run = drive(
        "sign-ins",
        &relay.service.url(),
        &[
            "--closed=16",
            "--count=1000",
            "--warm-up=0s",
            "--timeout=3s",
        ],
    );
    assert_eq!(run.code, 3);
    for name in NAMES
        .map(|n| n.1)
        .iter()
        .chain(&["misdelivered", "close_code"])
    {
        assert!(
            run.count(&format!("/faults/{name}")) > 0,
            "{name}: {}",
            run.stdout
        );
        assert!(run.stdout.contains(name), "{name} is named: {}", run.stdout);
    }
    assert!(run.count("/totals/stalls") > 0);
}

#[test]
fn a_relay_without_faults_is_blamed_for_none() {
    let relay = Faulty::new(&[]);
    let run = stream(&relay);
    assert_eq!(run.code, 0, "{}", run.stdout);
    assert_eq!(run.record["faults"].as_object().unwrap().len(), 0);
    assert_eq!(run.count("/totals/done"), 4000);
    let run = drive(
        "sign-ins",
        &relay.service.url(),
        &["--rate=400", "--count=400", "--warm-up=0s", "--timeout=30s"],
    );
    assert_eq!(run.code, 0, "{}", run.stdout);
    assert_eq!(run.count("/totals/done"), 400);
}
