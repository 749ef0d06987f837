//! Peers that vanish without a word, as behind a router that lost its power.

use std::time::Duration;

use socket2::{SockFilter, SockRef};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use super::honest::Honest;
use super::scale;
use super::sockets::{raise_file_limit, tunnel};
use crate::program::{PATIENCE, Program, wait_until};

/// A filter for the kernel that lets nothing in: the socket acknowledges nothing and refuses nothing.
const DEAF: [SockFilter; 1] = [SockFilter::new(0x06, 0, 0, 0)];

fn unplug(stream: &TcpStream) {
    SockRef::from(stream).attach_filter(&DEAF).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn peers_that_vanish() {
    raise_file_limit();
    // The kernel adds 5 s to what a peer may let wait.
    let stall = scale(1, 30);
    let limit = Duration::from_secs(u64::try_from(stall).unwrap() + 4);
    let relay = Program::start(&[
        "--no-quotas".to_owned(),
        format!("--write-stall-time={stall}s"),
    ]);
    let address = relay.address();
    let idle = relay.sockets();
    let count = scale(50, 2000);
    let mut tunnels = Vec::new();
    for n in 0..count {
        tunnels.push(tunnel(address, n).await);
    }
    let honest = Honest::start(address, None);
    let start = Instant::now();
    for (_, laptop) in &tunnels {
        unplug(laptop);
    }
    // A message that the relay can hand to the kernel only, and that nobody takes there.
    for (phone, _) in &mut tunnels {
        phone.write_all(&[0x82, 0x81, 0, 0, 0, 0, 1]).await.unwrap();
    }
    while relay.sockets() > idle + 8 {
        assert!(
            start.elapsed() < limit + PATIENCE,
            "{} sockets left",
            relay.sockets()
        );
        sleep(Duration::from_millis(100)).await;
    }
    let found = start.elapsed();
    assert!(found >= limit, "given up too early: {found:.0?}");
    println!("half-open peers were found within {found:.0?}");
    honest.report(&format!("{count} half-open peers")).await;
    // The phones have been told by then.
    drop(tunnels);
    wait_until("no client is left", || relay.sockets() == idle);
}
