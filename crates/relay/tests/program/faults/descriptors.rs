//! No file descriptors left.

use std::time::Duration;

use tokio::time::sleep;

use super::honest::Honest;
use super::sockets::{attack, connect_from, tunnel};
use crate::client::{plain_get, upgrade};
use crate::program::{Program, command, wait_until};

/// A relay that may open 100 files.
fn with_few_files(flags: &[&str]) -> Program {
    let relay = command(flags);
    let mut limited = std::process::Command::new("sh");
    limited.args(["-c", "ulimit -n 100; exec \"$@\"", "sh"]);
    limited.arg(relay.get_program()).args(relay.get_args());
    Program::spawn(&mut limited)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_default_there_are_never_more_connections_than_file_descriptors() {
    let relay = with_few_files(&[
        "--listen=127.0.0.1:0",
        "--admin=127.0.0.1:0",
        "--head-time=5m",
    ]);
    let address = relay.address();
    relay.logged(&["listening for clients", "connections=75"]);
    let (mut phone, mut laptop) = {
        let phone = connect_from([127, 2, 0, 1].into(), address).await.unwrap();
        let laptop = connect_from([127, 2, 0, 1].into(), address).await.unwrap();
        let id = "A".repeat(32);
        (
            upgrade(phone, &format!("/cable/new/{id}")).await.unwrap(),
            upgrade(laptop, &format!("/cable/connect/000000/{id}"))
                .await
                .unwrap(),
        )
    };
    let mut held = Vec::new();
    for n in 0..73 {
        held.push(attack(address, n).await);
    }
    relay.metric_becomes("hawser_relay_connections", |count| count > 74.5);
    // One too many waits in the kernel, until there is room.
    let waiting = tokio::task::spawn_blocking(move || plain_get(address, "/"));
    let hits = "hawser_relay_limits_hit_total{limit=\"connections\"}";
    let before = relay.metric(hits);
    relay.metric_becomes(hits, |count| count > before);
    crate::client::deliver(&mut laptop, &mut phone, vec![1; 500]).await;
    assert!(relay.metric("hawser_relay_connections") < 75.5);
    assert!(!waiting.is_finished());
    held.truncate(70);
    let answer = waiting.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    // The operator was answered all the while, so files were left.
    assert!(relay.metric("hawser_relay_accept_errors_total") < 0.5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn running_out_of_file_descriptors_neither_spins_nor_lasts() {
    // By default, the relay takes no more connections than there are descriptors.
    let relay = with_few_files(&[
        "--listen=127.0.0.1:0",
        "--admin=127.0.0.1:0",
        "--connections=none",
    ]);
    let address = relay.address();
    let idle = relay.sockets();
    let errors = "hawser_relay_accept_errors_total";
    assert!(relay.metric(errors) < 0.5);

    let (mut phone, mut laptop) = {
        let phone = connect_from([127, 2, 0, 1].into(), address).await.unwrap();
        let laptop = connect_from([127, 2, 0, 1].into(), address).await.unwrap();
        let id = "A".repeat(32);
        (
            upgrade(phone, &format!("/cable/new/{id}")).await.unwrap(),
            upgrade(laptop, &format!("/cable/connect/000000/{id}"))
                .await
                .unwrap(),
        )
    };
    let held = tunnel(address, 0).await;
    let mut flood = Vec::new();
    for n in 0..300 {
        flood.push(attack(address, n).await);
    }
    // The kernel has accepted them all; the relay holds what it has descriptors for.
    wait_until("the relay is full", || relay.sockets() >= 60);
    let (ticks, full) = (relay.cpu_ticks(), relay.sockets());
    for _ in 0..20 {
        crate::client::deliver(&mut laptop, &mut phone, vec![1; 500]).await;
        crate::client::deliver(&mut phone, &mut laptop, vec![2; 500]).await;
        sleep(Duration::from_millis(50)).await;
    }
    let spent = relay.cpu_ticks() - ticks;
    assert!(spent < 50, "{spent} ticks in a second or more: it spins");

    let latecomer = Honest::start(address, None);
    drop((flood, held));
    relay.logged(&["WARN", "cannot accept connections", "from=\"clients\""]);
    relay.metric_becomes(errors, |count| count > 0.5);
    latecomer
        .report(&format!(
            "no descriptors left ({full} sockets open, {spent}0 ms of CPU in a second, an old tunnel went on), then some again"
        ))
        .await;
    drop((phone, laptop));
    wait_until("no client is left", || relay.sockets() == idle);
}
