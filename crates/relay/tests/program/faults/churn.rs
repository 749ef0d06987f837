//! Tunnels that come and go, in numbers.

use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::honest::Honest;
use super::scale;
use super::sockets::{raise_file_limit, tunnel};
use crate::program::{Program, wait_until};

/// Tunnels at once.
const LANES: usize = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_and_descriptors_stay_flat_over_many_tunnels() {
    raise_file_limit();
    let relay = Program::start(&["--no-quotas"]);
    let address = relay.address();
    let idle = relay.sockets();
    let count = scale(2000, 200_000);
    let honest = Honest::start(address, None);
    let mut warm = 0;
    for (round, tunnels) in [count / 10, count - count / 10].into_iter().enumerate() {
        let lanes = (0..LANES).map(|lane| {
            tokio::spawn(async move {
                for n in (lane..tunnels).step_by(LANES) {
                    one(address, round * count + n).await;
                }
            })
        });
        for lane in lanes.collect::<Vec<_>>() {
            lane.await.unwrap();
        }
        wait_until("the tunnels are gone", || relay.sockets() < idle + 8);
        if round == 0 {
            warm = relay.resident_kib();
        }
    }
    // An allocator may take a moment to give back.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let grown = relay.resident_kib().saturating_sub(warm);
    assert!(
        grown < 2048,
        "{grown} KiB more than after a tenth of the tunnels"
    );
    honest
        .report(&format!(
            "{count} tunnels ({grown} KiB more than after a tenth of them)"
        ))
        .await;
    wait_until("no client is left", || relay.sockets() == idle);
}

/// A tunnel with one message each way, closed by the phone.
async fn one(address: std::net::SocketAddr, n: usize) {
    let (mut phone, mut laptop) = tunnel(address, n).await;
    for stream in [&phone, &laptop] {
        // No TIME_WAIT: 200,000 of those are more than a machine's ports.
        SockRef::from(stream)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
    }
    let sent = [0x82, 0x82, 0, 0, 0, 0, 7, 9];
    let received = [0x82, 2, 7, 9];
    let mut buffer = [0; 4];
    phone.write_all(&sent).await.unwrap();
    laptop.read_exact(&mut buffer).await.unwrap();
    assert_eq!(buffer, received);
    laptop.write_all(&sent).await.unwrap();
    phone.read_exact(&mut buffer).await.unwrap();
    assert_eq!(buffer, received);
    phone
        .write_all(&[0x88, 0x82, 0, 0, 0, 0, 3, 232])
        .await
        .unwrap();
    laptop.read_exact(&mut buffer[..2]).await.unwrap();
    assert_eq!(buffer[0], 0x88, "a close frame");
}
