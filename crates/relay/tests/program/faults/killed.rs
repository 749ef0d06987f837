//! A client with thousands of sockets that is killed.

use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::time::Instant;

use super::honest::Honest;
use super::scale;
use super::sockets::{raise_file_limit, tunnel};
use crate::program::{Program, wait_until};

/// Tells the victim where to connect, and how many tunnels to hold.
const ADDRESS: &str = "HAWSER_VICTIM_ADDRESS";
const TUNNELS: &str = "HAWSER_VICTIM_TUNNELS";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_client_leaves_nothing_behind() {
    raise_file_limit();
    let relay = Program::start(&["--no-quotas"]);
    let address = relay.address();
    let idle = relay.sockets();
    let honest = Honest::start(address, None);
    let count = scale(100, 2500);
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "faults::killed::victim",
            "--ignored",
            "--nocapture",
        ])
        .env(ADDRESS, address.to_string())
        .env(TUNNELS, count.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the victim has its tunnels", || {
        relay.sockets() >= idle + 2 * count
    });
    victim.kill().unwrap();
    victim.wait().unwrap();
    let start = Instant::now();
    while relay.sockets() > idle + 8 {
        assert!(
            start.elapsed().as_secs() < 60,
            "{} sockets left",
            relay.sockets()
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let gone = start.elapsed();
    honest
        .report(&format!(
            "kill -9 of a client with {} sockets (gone within {gone:.0?})",
            2 * count
        ))
        .await;
    wait_until("no client is left", || relay.sockets() == idle);
}

#[tokio::test]
#[ignore = "the other test starts it in a process of its own, and kills that"]
async fn victim() {
    let address = std::env::var(ADDRESS).expect("started by the other test");
    let address = address.parse().unwrap();
    let count: usize = std::env::var(TUNNELS).unwrap().parse().unwrap();
    let mut tunnels = Vec::new();
    for n in 0..count {
        tunnels.push(tunnel(address, n).await);
    }
    tokio::time::sleep(Duration::from_mins(5)).await;
    panic!(
        "nobody killed this process; it held {} tunnels",
        tunnels.len()
    );
}
