//! The admin address: liveness, readiness, metrics, and what is not there.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::process::Signal;
use tokio::net::TcpStream;

use crate::certificate::Authority;
use crate::client::{ID, deliver, upgrade};
use crate::config::held;
use crate::program::{PATIENCE, Program, command, run, wait_for};

#[tokio::test]
async fn it_lives_is_ready_and_stops_being_ready_first() {
    let relay = Program::start(&["--drain-time", "1h", "--close-time", "7s"]);
    let deadline = "hawser_relay_drain_deadline_timestamp_seconds";
    assert!(relay.metric(deadline) < 0.5, "no drain has begun");
    assert_eq!(relay.get("/livez"), (200, "alive\n".into()));
    assert_eq!(relay.get("/readyz"), (200, "ready\n".into()));
    let tcp = TcpStream::connect(relay.address()).await.unwrap();
    let _phone = upgrade(tcp, &format!("/cable/new/{ID}")).await.unwrap();
    relay.signal(Signal::TERM);
    wait_for("503", || {
        let answer = relay.get("/readyz");
        if answer == (503, "stopping\n".into()) {
            Ok(())
        } else {
            Err(answer.1)
        }
    });
    assert_eq!(relay.get("/livez").0, 200, "a stopping relay is not dead");
    assert!((relay.metric("hawser_relay_draining") - 1.0).abs() < 0.1);
    let until = UNIX_EPOCH + Duration::from_secs_f64(relay.metric(deadline));
    let left = until.duration_since(SystemTime::now()).unwrap();
    let most = Duration::from_hours(1) + Duration::from_secs(7);
    assert!(left <= most && left + PATIENCE > most, "{left:?}");
}

#[test]
fn nothing_else_is_there() {
    let relay = Program::start::<&str>(&[]);
    for path in [
        "/",
        "/debug/tunnels",
        "/metrics/",
        "/livez/x",
        "/debug/pprof",
    ] {
        assert_eq!(relay.get(path).0, 404, "{path}");
    }
    let posted = relay.ask("POST /metrics HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n");
    assert!(posted.starts_with("HTTP/1.1 405"), "{posted}");
    assert!(posted.contains("\r\nallow: GET, HEAD\r\n"), "{posted}");
    let headed = relay.ask("HEAD /readyz HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n");
    assert!(headed.starts_with("HTTP/1.1 200"), "{headed}");
    // And nothing of it is there for clients.
    for path in ["/livez", "/readyz", "/metrics", "/debug/tunnels"] {
        let answer = crate::client::plain_get(relay.address(), path);
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
    }
}

/// The operator's own machines may break, too.
#[test]
fn connections_at_the_limit_and_one_past_it_which_waits_and_is_answered() {
    let relay = Program::start::<&str>(&[]);
    let hits = "hawser_relay_limits_hit_total{limit=\"admin_connections\"}";
    let silent = |_| std::net::TcpStream::connect(relay.admin()).unwrap();
    let mut held: Vec<_> = (0..31).map(silent).collect();
    assert!(relay.metric(hits) < 0.5, "this was the 32nd");
    // Those that say nothing make room in 5 s, so on a slow machine they may be gone before this asks.
    wait_for("connection that has to wait", || {
        held.clear();
        held.extend((0..32).map(silent));
        let count = relay.metric(hits);
        if count > 0.5 { Ok(()) } else { Err(count) }
    });
    drop(held);
}

#[test]
fn off_is_off_and_a_taken_address_is_an_error() {
    let relay = Program::spawn(&mut command(&["--listen=127.0.0.1:0", "--admin=off"]));
    relay.address();
    assert!(!relay.log().contains("for the operator"));

    let first = Program::start::<&str>(&[]);
    let taken = first.admin().to_string();
    let ended = run(&mut command(&["--listen=127.0.0.1:0", "--admin", &taken]));
    assert_eq!(ended.status.code(), Some(1));
    assert!(
        ended
            .stderr
            .contains(&format!("admin: {taken} is in use already")),
        "{}",
        ended.stderr
    );
}

#[tokio::test]
async fn tunnels_are_listed_on_demand_without_ids_or_addresses() {
    let relay = Program::start(&["--debug-tunnels"]);
    let path = format!("/cable/new/{ID}");
    let tcp = TcpStream::connect(relay.address()).await.unwrap();
    let mut phone = upgrade(tcp, &path).await.unwrap();
    let (status, list) = relay.get("/debug/tunnels");
    assert_eq!(status, 200);
    assert_eq!(
        list.lines().next(),
        Some("number state age_seconds paired_seconds")
    );
    // A phone is answered a moment before it is listed.
    wait_for("waiting phone", || {
        let (_, list) = relay.get("/debug/tunnels");
        match list.lines().nth(1) {
            Some(line) if line.starts_with("0 waiting ") => Ok(()),
            _ => Err(list),
        }
    });
    let tcp = TcpStream::connect(relay.address()).await.unwrap();
    let mut laptop = upgrade(tcp, &format!("/cable/connect/000000/{ID}"))
        .await
        .unwrap();
    deliver(&mut laptop, &mut phone, vec![1; 81]).await;
    let (_, list) = relay.get("/debug/tunnels");
    assert!(
        list.lines().nth(1).unwrap().starts_with("0 paired "),
        "{list}"
    );
    assert!(!list.contains("127.0.0.1") && !list.contains(&ID[..8]));
    drop((phone, laptop));
    wait_for("empty list", || {
        let (_, list) = relay.get("/debug/tunnels");
        if list.lines().count() == 1 {
            Ok(())
        } else {
            Err(list)
        }
    });
}

#[tokio::test]
async fn a_sign_in_shows_in_the_metrics_and_makes_no_new_series() {
    let authority = Authority::new();
    let relay = Program::start(&authority.sign("relay", "relay.example").flags());
    let series = |relay: &Program| -> Vec<String> {
        let (_, metrics) = relay.get("/metrics");
        let lines = metrics.lines().filter(|line| !line.starts_with('#'));
        lines
            .map(|line| line.rsplit_once(' ').unwrap().0.to_owned())
            .collect()
    };
    let before = series(&relay);
    let config = authority.client();
    let connect = || crate::client::tls(relay.address(), &config, "relay.example");
    let mut phone = upgrade(connect().await.unwrap(), &format!("/cable/new/{ID}"))
        .await
        .unwrap();
    assert!(
        upgrade(connect().await.unwrap(), "/cable/new/nonsense")
            .await
            .is_err()
    );
    let path = format!("/cable/connect/000000/{ID}");
    let mut laptop = upgrade(connect().await.unwrap(), &path).await.unwrap();
    deliver(&mut laptop, &mut phone, vec![1; 81]).await;
    deliver(&mut phone, &mut laptop, vec![1; 500]).await;
    for (series, value) in [
        ("hawser_relay_connections", 2.0),
        ("hawser_relay_tunnels{state=\"paired\"}", 1.0),
        ("hawser_relay_tunnels{state=\"waiting\"}", 0.0),
        ("hawser_relay_tunnels_opened_total", 1.0),
        ("hawser_relay_tunnels_joined_total", 1.0),
        ("hawser_relay_messages_total{direction=\"to_phone\"}", 1.0),
        ("hawser_relay_bytes_total{direction=\"to_laptop\"}", 500.0),
        ("hawser_relay_wait_seconds_count", 1.0),
        (
            "hawser_relay_requests_refused_total{reason=\"not_found\"}",
            1.0,
        ),
        ("hawser_relay_tls_handshakes_total{result=\"done\"}", 3.0),
    ] {
        relay.metric_becomes(series, |found| (found - value).abs() < 0.1);
    }
    phone.close(None).await.unwrap();
    let closed = "hawser_relay_tunnels_closed_total{reason=\"peer_closed\",state=\"paired\"}";
    relay.metric_becomes(closed, |closed| closed > 0.0);
    drop(laptop);
    relay.metric_becomes("hawser_relay_session_seconds_count", |count| count > 0.0);
    assert!(relay.metric("process_resident_memory_bytes") > 1e6);
    assert!(relay.metric("process_open_fds") > 3.0);
    assert_eq!(
        series(&relay),
        before,
        "a label came from what a client sent"
    );
}

#[test]
fn the_manual_lists_every_metric_and_label() {
    let authority = Authority::new();
    let relay = Program::start(&authority.sign("relay", "relay.example").flags());
    let (_, metrics) = relay.get("/metrics");
    held("metrics.md", "metrics", &table(&metrics));
}

/// Metrics, types, labels and their values, from the text format.
fn table(metrics: &str) -> String {
    let mut help = "";
    let mut rows = BTreeMap::new();
    for line in metrics.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ').unwrap().1;
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            let labels = labels(metrics, name);
            rows.insert(name, format!("| `{name}` | {kind} | {labels} | {help} |\n"));
        }
    }
    let mut table =
        "| metric | type | labels and their values | what |\n|---|---|---|---|\n".to_owned();
    for row in rows.values() {
        table.push_str(row);
    }
    table
}

fn labels(metrics: &str, name: &str) -> String {
    let mut labels: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let series = metrics
        .lines()
        .filter_map(|line| line.strip_prefix(name)?.strip_prefix('{'));
    for series in series {
        for label in series.split('}').next().unwrap().split(',') {
            let (label, value) = label.split_once('=').unwrap();
            let values = labels.entry(label).or_default();
            let value = value.trim_matches('"');
            if !values.contains(&value) {
                values.push(value);
            }
        }
    }
    let mut text = String::new();
    for (label, values) in labels {
        let gap = if text.is_empty() { "" } else { "; " };
        write!(text, "{gap}`{label}`: {}", values.join(", ")).unwrap();
    }
    text
}
