//! The other scenarios against the relay that this repository ships, in small.

use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::rig::{Service, command, drive, drive_until, finished};

#[test]
fn idle_tunnels_are_held_touched_and_closed() {
    let relay = Service::relay();
    let pid = std::process::id().to_string();
    for state in ["paired", "waiting"] {
        let state = format!("--state={state}");
        let arguments = ["--tunnels=40", "--hold=1s", &state, "--server-pid", &pid];
        let run = drive("idle", &relay.url(), &arguments);
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        assert_eq!(run.count("/totals/done"), 40, "{state}");
        for name in ["opened", "survived"] {
            let found = finding(&run.record, name);
            assert!(
                (found - 40.0).abs() < f64::EPSILON,
                "{state} {name} {found}"
            );
        }
        // Of this process, where other things go on: that it is there is all that can be said.
        finding(&run.record, "rss_per_tunnel_bytes");
        assert!(run.count("/server/rss_before") > 0, "{}", run.stdout);
        // One message each way for each pair.
        let messages = if state.ends_with("paired") { 80 } else { 0 };
        assert_eq!(run.count("/totals/messages"), messages, "{state}");
    }
}

fn finding(record: &serde_json::Value, name: &str) -> f64 {
    let findings = record["findings"].as_array().unwrap();
    let found = findings.iter().find(|f| f["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {findings:?}"))["value"]
        .as_f64()
        .unwrap()
}

#[test]
fn tunnels_that_the_service_ends_do_not_survive() {
    let relay = Service::relay_with(|config| {
        config.lift_quotas();
        config.limits.waiting_time = Duration::from_millis(300);
    });
    let run = drive(
        "idle",
        &relay.url(),
        &["--tunnels=10", "--hold=4s", "--state=waiting"],
    );
    assert_eq!(run.code, 1, "nothing succeeded: {}", run.stdout);
    assert_eq!(
        run.count("/failures/closed_by_service 1008"),
        10,
        "{}",
        run.stdout
    );
    assert!(finding(&run.record, "survived").abs() < f64::EPSILON);
}

#[test]
fn tunnels_that_were_refused_are_none_that_died() {
    let relay = Service::relay_with(|config| {
        config.lift_quotas();
        config.quotas.waiting_tunnels = Some(6);
    });
    let run = drive(
        "idle",
        &relay.url(),
        &[
            "--tunnels=10",
            "--hold=1s",
            "--state=waiting",
            "--sources=1",
        ],
    );
    assert_eq!(run.count("/failures/open_refused 429"), 4, "{}", run.stdout);
    for name in ["opened", "survived"] {
        let found = finding(&run.record, name);
        assert!((found - 6.0).abs() < f64::EPSILON, "{name} {found}");
    }
}

#[test]
fn streams_carry_messages_in_every_mode() {
    // With quotas: tunnels are replaced before the relay's 256 messages.
    let relay = Service::relay_with(|config| {
        let limits = config.limits.clone();
        config.lift_quotas();
        config.limits = limits;
    });
    let modes: [&[&str]; 3] = [&["--window=8"], &["--ping-pong"], &["--rate=3000"]];
    for mode in modes {
        let common = ["--tunnels=4", "--count=3000", "--warm-up=0s", "--size=100"];
        let run = drive("stream", &relay.url(), &[&common, mode].concat());
        assert_eq!(run.code, 0, "{mode:?}: {}", run.stdout);
        assert_eq!(run.count("/totals/done"), 3000, "{mode:?}: {}", run.stdout);
        assert_eq!(run.count("/totals/failed"), 0, "{mode:?}");
        assert_eq!(run.count("/latency/message/count"), 3000, "{mode:?}");
    }
}

#[test]
fn churn_opens_and_closes() {
    let relay = Service::relay();
    for state in ["paired", "waiting"] {
        let state = format!("--state={state}");
        let arguments = ["--rate=300", "--count=100", "--warm-up=0s", &state];
        let run = drive("churn", &relay.url(), &arguments);
        assert_eq!(run.code, 0, "{}", run.stdout);
        assert_eq!(run.count("/totals/done"), 100, "{state}");
        assert_eq!(run.count("/latency/close/count"), 100, "{state}");
    }
}

#[test]
fn capacity_finds_where_the_service_turns_people_away() {
    // The knee is a quota, so it does not depend on the machine.
    let relay = Service::relay_with(|config| {
        config.lift_quotas();
        config.quotas.tunnels_per_second = Some(60);
    });
    let run = drive(
        "capacity",
        &relay.url(),
        &[
            "--from=14",
            "--to=500",
            "--grow=2",
            "--bisect=2",
            "--step=1s",
            "--warm-up=1s",
            "--rest=1s",
            "--sources=1",
            "--arrival=constant",
            // Only the quota is to be found, not how busy this machine is.
            "--limit=errors>1%",
        ],
    );
    let steps = run.record["steps"].as_array().unwrap();
    assert!(steps.len() >= 4, "{}", run.stdout);
    let held = |step: &serde_json::Value| step["failed"].as_array().unwrap().is_empty();
    assert!(held(&steps[0]), "{}", run.stdout);
    assert!(!steps.iter().all(held), "{}", run.stdout);
    let knee = run.figure("/totals/offered_rate");
    // Up to 28/s, warm-up and step together are fewer than the quota takes at once.
    assert!(
        (28.0..=120.0).contains(&knee),
        "knee {knee}: {}",
        run.stdout
    );
    assert_eq!(run.code, 0, "{}", run.stdout);
}

#[test]
fn attacks_are_made_and_the_harm_is_measured() {
    let relay = Service::relay_with(|config| {
        config.lift_quotas();
        config.limits.head_time = Duration::from_millis(400);
        config.quotas.waiting_tunnels = Some(8);
    });
    let run = drive(
        "hostile",
        &relay.url(),
        &[
            "--attackers=30",
            "--attacker-sources=2",
            "--rate=20",
            "--step=3s",
        ],
    );
    assert_eq!(run.code, 0, "{}", run.stdout);
    // Of all seven laps, like everything that it is compared with.
    assert!(run.figure("/totals/offered_seconds") > 20.0);
    let steps = run.record["steps"].as_array().unwrap();
    let names: Vec<_> = steps.iter().map(|s| s["name"].as_str().unwrap()).collect();
    let expected = [
        "alone before",
        "slowloris",
        "half-open",
        "open-flood",
        "message-flood",
        "garbage",
        "alone after",
    ];
    assert_eq!(names, expected);
    for step in steps {
        let done = step["totals"]["done"].as_u64().unwrap();
        assert!(done >= 45, "honest sign-ins go on: {}", run.stdout);
    }
    let line = |name: &str| {
        let mut lines = run
            .stdout
            .lines()
            .skip_while(|l| !l.contains(&format!("{name}: honest")));
        lines.nth(1).unwrap_or_default().to_owned()
    };
    // The relay gives a request head 400 ms, and 8 waiting phones to an address.
    assert!(!line("slowloris").contains(" 0 ended"), "{}", run.stdout);
    assert!(line("open-flood").contains("16 alive"), "{}", run.stdout);
    assert!(
        !line("open-flood").contains(" 0 turned away"),
        "{}",
        run.stdout
    );
    assert!(!line("garbage").contains(" 0 ended"), "{}", run.stdout);
}

#[test]
fn a_soak_tells_growth_from_noise() {
    let relay = Service::relay();
    let pid = std::process::id().to_string();
    let run = drive(
        "soak",
        &relay.url(),
        &[
            "--rate=50",
            "--duration=6s",
            "--warm-up=0s",
            "--interval=100ms",
            "--server-pid",
            &pid,
            "--fail-if=fds-slope>100000000",
        ],
    );
    assert_eq!(run.code, 0, "{}", run.stdout);
    // Of this process, where other things go on: that it is there is all that can be said.
    finding(&run.record, "rss_slope_bytes_per_hour");
    assert!(run.stdout.contains("memory changes by"), "{}", run.stdout);
    assert!(
        run.stdout.contains("gate fds-slope>100000000: ok"),
        "{}",
        run.stdout
    );
}

#[test]
fn ctrl_c_gives_the_report_so_far() {
    stopping_gives_the_report_so_far("-INT");
}

#[test]
fn sigterm_does_too() {
    stopping_gives_the_report_so_far("-TERM");
}

fn stopping_gives_the_report_so_far(signal: &str) {
    let relay = Service::relay();
    let arguments = ["--duration=10m", "--warm-up=0s", "--csv={folder}/run.csv"];
    // A process that has opened tunnels is under way.
    let is_time = || relay.messages() >= 60;
    let run = drive_until(is_time, signal, "sign-ins", &relay.url(), &arguments);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.count("/totals/done") > 0);
    assert_eq!(run.count("/totals/failed"), 0, "{}", run.stdout);
    assert_eq!(run.record["interrupted"], true);
    assert!(run.stdout.contains("the report so far"), "{}", run.stdout);
}

#[test]
fn a_service_that_dies_fails_the_run() {
    let relay = Service::relay();
    // Stands for the service: what matters is that it was there and is gone.
    let mut process = Command::new("sleep").arg("600").spawn().unwrap();
    let pid = process.id().to_string();
    let arguments = ["--duration=5s", "--warm-up=0s", "--server-pid", &pid];
    let run = std::thread::scope(|scope| {
        let run = scope.spawn(|| drive("sign-ins", &relay.url(), &arguments));
        while relay.messages() == 0 && !run.is_finished() {
            std::thread::sleep(Duration::from_millis(10));
        }
        process.kill().unwrap();
        process.wait().unwrap();
        run.join().unwrap()
    });
    assert_eq!(run.count("/totals/failed"), 0, "{}", run.stdout);
    assert_eq!(run.code, 1, "{}", run.stdout);
    let said = "failed: a watched process of the service was gone at the end";
    assert!(run.stdout.contains(said), "{}", run.stdout);
}

#[test]
fn runs_are_compared_side_by_side() {
    let relay = Service::relay();
    let one = drive("sign-ins", &relay.url(), &["--count=10", "--warm-up=0s"]);
    let two = drive("sign-ins", &relay.url(), &["--count=20", "--warm-up=0s"]);
    let path = |run: &crate::rig::Run| run.folder.path().join("run.json").display().to_string();
    let folder = TempDir::new().unwrap();
    let (first, second) = (path(&one), path(&two));
    let output = command(&["report", &first, &second], &folder)
        .output()
        .unwrap();
    let run = finished(output, folder);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for name in [
        "scenario", "verdict", "achieved", "p50", "p99", "errors", "ratio", "x ",
    ] {
        assert!(run.stdout.contains(name), "{name}: {}", run.stdout);
    }
    let folder = TempDir::new().unwrap();
    let output = command(&["report", &first], &folder).output().unwrap();
    let run = finished(output, folder);
    assert_eq!(run.stdout, one.stdout, "one run is shown as it was");
    let folder = TempDir::new().unwrap();
    let output = command(&["report", "Cargo.toml"], &folder)
        .output()
        .unwrap();
    assert_eq!(finished(output, folder).code, 2);
}
