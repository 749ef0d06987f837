//! The runs of several machines as one.

use std::time::Duration;

use hawser_relay::{Config, Relay};
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::rig::{Run, Service, command, drive, finished};

/// Two runs of one load: the second is twice the first's rate, and began a second later.
fn two_runs() -> [Value; 2] {
    let relay = Service::relay();
    let runs = ["--rate=40", "--rate=80"].map(|rate| {
        let arguments = ["--duration=1s", "--warm-up=0s", "--interval=250ms", rate];
        let run = drive("sign-ins", &relay.url(), &arguments);
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        run.record
    });
    let [mut one, mut two] = runs;
    for (record, began) in [(&mut one, "00"), (&mut two, "01")] {
        record["began"] = json!(format!("2026-01-01T00:00:{began}Z"));
        offer(record, 20.0);
    }
    [one, two]
}

/// Makes a run one that offered its load for so long.
fn offer(record: &mut Value, seconds: f64) {
    record["load"] = json!({"from": 1.5, "until": 1.5 + seconds});
    record["totals"]["offered_seconds"] = json!(seconds);
}

fn merge(records: &[Value], more: &[&str]) -> Run {
    let folder = TempDir::new().unwrap();
    let mut arguments = vec!["merge".to_owned(), "--json={folder}/run.json".to_owned()];
    for (at, record) in records.iter().enumerate() {
        let file = folder.path().join(format!("machine-{at}.json"));
        std::fs::write(&file, record.to_string()).unwrap();
        arguments.push(file.to_str().unwrap().to_owned());
    }
    arguments.extend(more.iter().map(|&word| word.to_owned()));
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    finished(command(&arguments, &folder).output().unwrap(), folder)
}

/// A latency of so many operations that all took the same.
fn set_latency(record: &mut Value, count: u64, milliseconds: u64) {
    use hdrhistogram::serialization::{Serializer as _, V2DeflateSerializer};
    let mut histogram = Histogram::<u64>::new_with_bounds(1, 3_600_000_000_000, 3).unwrap();
    histogram.record_n(milliseconds * 1_000_000, count).unwrap();
    let mut bytes = Vec::new();
    let mut serializer = V2DeflateSerializer::new();
    serializer.serialize(&histogram, &mut bytes).unwrap();
    let latency = &mut record["latency"]["operation"];
    latency["count"] = json!(count);
    latency["histogram"] = json!(data_encoding::BASE64.encode(&bytes));
}

#[test]
fn counts_are_summed_and_percentiles_are_of_the_sum() {
    let [mut one, mut two] = two_runs();
    // Nine tenths are fast; the mean of both p50 would be 50 ms, that of both p95 too.
    set_latency(&mut one, 900, 1);
    set_latency(&mut two, 100, 99);
    one["failures"] = json!({"timeout": 2});
    two["failures"] = json!({"timeout": 3, "connect": 1});
    let gates = ["--fail-if=p90>2ms", "--fail-if=p95>50ms"];
    let gates = [
        &gates[..],
        &["--html={folder}/m.html", "--hdr={folder}/m.hlog"],
    ]
    .concat();
    let run = merge(&[one.clone(), two.clone()], &gates);
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("gate p90>2ms: ok"), "{}", run.stdout);
    assert!(
        run.stdout.contains("gate p95>50ms: FAILED"),
        "{}",
        run.stdout
    );
    assert!((run.figure("/latency/operation/p50") - 1.0).abs() < 0.01);
    assert!((run.figure("/latency/operation/p90") - 1.0).abs() < 0.01);
    assert!((run.figure("/latency/operation/p95") - 99.0).abs() < 0.1);
    assert!((run.figure("/latency/operation/mean") - 10.8).abs() < 0.01);
    assert_eq!(run.count("/latency/operation/count"), 1000);
    assert_eq!(run.count("/totals/done"), 120);
    assert_eq!(run.count("/totals/messages"), 720);
    assert!((run.figure("/totals/offered_rate") - 120.0).abs() < 0.01);
    assert_eq!(run.count("/failures/timeout"), 5);
    assert_eq!(run.count("/failures/connect"), 1);
    assert_eq!(run.record["steps"][1]["name"], "machine-1");
    assert_eq!(run.record["began"], "2026-01-01T00:00:00.000Z");
    // Each ran 20 s, a second apart.
    assert!((run.figure("/findings/0/value") - 19.0 / 21.0).abs() < 0.001);
    assert!(!run.stdout.contains("not one load"), "{}", run.stdout);
    for row in run.record["series"].as_array().unwrap() {
        assert!(row["p99"].is_null(), "there is nothing to read it from");
    }
    assert!(run.folder.path().join("m.html").exists());
    let log = std::fs::read_to_string(run.folder.path().join("m.hlog")).unwrap();
    assert!(log.contains("Tag=operation,"), "{log}");
    // What was merged is read as a run is, and merged again: with another, but not with a part of itself.
    let again = merge(&[run.record.clone(), two.clone()], &[]);
    assert_eq!(again.code, 2, "{}", again.stdout);
    assert!(
        again.stderr.contains("contains the same run"),
        "{}",
        again.stderr
    );
    two["runs"] = json!(["another"]);
    let again = merge(&[run.record.clone(), two], &[]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert_eq!(again.count("/totals/done"), 200);
    assert_eq!(again.record["runs"].as_array().unwrap().len(), 3);
    // What was merged is as long as all of its parts together.
    assert!((again.figure("/findings/0/value") - 20.0 / 21.0).abs() < 0.001);
}

#[test]
fn a_fault_of_one_machine_is_a_fault_of_all() {
    let [one, mut two] = two_runs();
    two["faults"] = json!({"lost": 1});
    let run = merge(&[one, two], &[]);
    assert_eq!(run.code, 3, "{}", run.stdout);
    assert_eq!(run.count("/faults/lost"), 1);
}

#[test]
fn runs_that_were_not_at_the_same_time_are_no_load_of_their_sum() {
    let [one, mut two] = two_runs();
    // Of 20 s: at the limit of nine tenths, and past it. Files of earlier versions do not say when the load began.
    for (seconds, says) in [(18.0, false), (17.9, true)] {
        two["began"] = one["began"].clone();
        offer(&mut two, seconds);
        let mut old = two.clone();
        old.as_object_mut().unwrap().remove("load");
        for two in [two.clone(), old] {
            let run = merge(&[one.clone(), two], &[]);
            assert_eq!(run.code, 0, "{}", run.stderr);
            assert_eq!(run.stdout.contains("not one load"), says, "{}", run.stdout);
        }
    }
    two["began"] = json!("2026-01-01T00:00:20Z");
    let run = merge(&[one, two], &[]);
    assert!(run.stdout.contains("for only 0 %"), "{}", run.stdout);
}

#[test]
fn machines_whose_tunnels_opened_at_different_times_were_no_load_of_their_sum() {
    // The first connection has to wait, and nothing is sent before all tunnels are open.
    let runs = [0, 6].map(|seconds| {
        let relay = slow_to_open(Duration::from_secs(seconds));
        let arguments = ["--tunnels=2", "--warm-up=0s", "--duration=1s"];
        let run = drive("stream", &relay.url(), &arguments);
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        run.record
    });
    let [one, mut two] = runs;
    assert!(two["load"]["from"].as_f64().unwrap() >= 6.0, "{two}");
    // Told at the same moment to load the same service.
    for name in ["began", "target"] {
        two[name] = one[name].clone();
    }
    let run = merge(&[one.clone(), two.clone()], &[]);
    assert!(run.stdout.contains("for only 0 %"), "{}", run.stdout);
    assert_eq!(run.record["load"]["from"], one["load"]["from"]);
    assert_eq!(run.record["load"]["until"], two["load"]["until"]);
}

/// A relay whose first connection has to wait.
fn slow_to_open(wait: Duration) -> Service {
    let mut config = Config::default();
    config.lift_quotas();
    let relay = Relay::new(config).unwrap();
    Service::start(|| async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (address, async move {
            let mut wait = Some(wait);
            while let Ok((tcp, peer)) = listener.accept().await {
                let (relay, wait) = (relay.clone(), wait.take().unwrap_or_default());
                tokio::spawn(async move {
                    tokio::time::sleep(wait).await;
                    relay.serve_io(tcp, Some(peer.ip())).await;
                });
            }
        })
    })
}

#[test]
fn a_run_says_when_it_began_to_the_millisecond() {
    // Short runs that began in the same second, or around the change of one, would else be together or not
    // by chance.
    let relay = Service::relay();
    let run = drive("sign-ins", &relay.url(), &["--count=1", "--warm-up=0s"]);
    let began = run.record["began"].as_str().unwrap();
    assert_eq!(began.len(), "2026-01-01T00:00:00.000Z".len(), "{began}");
    let [mut one, mut two] = two_runs();
    for record in [&mut one, &mut two] {
        offer(record, 2.0);
    }
    one["began"] = json!("2026-01-01T00:00:00.990Z");
    two["began"] = json!("2026-01-01T00:00:01.010Z");
    let run = merge(&[one, two], &[]);
    assert!((run.figure("/findings/0/value") - 1.98 / 2.02).abs() < 0.001);
}

#[test]
fn what_is_not_one_load_is_refused() {
    let [one, two] = two_runs();
    let change = |pointer: &str, value: Value| {
        let mut two = two.clone();
        *two.pointer_mut(pointer).unwrap() = value;
        two
    };
    let cases = [
        (change("/settings/duration", json!("9s")), "--duration"),
        (change("/settings/messages", json!("l81")), "--messages"),
        (change("/tool", json!("hawser-loadtest 9")), "version"),
        (change("/target", json!("ws://127.0.0.9:1")), "target"),
        (change("/scenario", json!("churn")), "scenario"),
        (change("/scenario", json!("soak")), "add up"),
        (change("/settings", json!({})), "older version"),
        (change("/runs", json!([])), "older version"),
        (change("/totals/offered_rate", Value::Null), "closed loop"),
        (change("/latency/operation/count", json!(81)), "damaged"),
        (
            change("/latency/operation/histogram", json!("AA")),
            "damaged",
        ),
        (change("/began", json!("noon")), "when it began"),
        (one.clone(), "twice"),
    ];
    for (other, hint) in cases {
        let run = merge(&[one.clone(), other], &[]);
        assert_eq!(run.code, 2, "{hint}: {}", run.stdout);
        assert!(run.stderr.contains(hint), "{hint}: {}", run.stderr);
        assert_eq!(run.record, Value::Null, "{hint}: nothing is written");
    }
    let alone = merge(&[one], &[]);
    assert_eq!(alone.code, 2);
    assert!(
        alone.stderr.contains("2 more") || alone.stderr.contains("2 values"),
        "{}",
        alone.stderr
    );
}
