//! Clients that connect and then say too little, or take too little.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, sleep};

use super::honest::Honest;
use super::sockets::{attack, raise_file_limit, tunnel};
use super::{is_full, scale};
use crate::certificate::Authority;
use crate::program::{PATIENCE, Program, wait_until};

/// Slowloris: a request head that never ends, a byte at a time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slowloris() {
    raise_file_limit();
    let relay = Program::start::<&str>(&[]);
    let address = relay.address();
    let idle = relay.sockets();
    let honest = Honest::start(address, None);
    let count = scale(200, 5000);
    let mut slow = Vec::new();
    for n in 0..count {
        let mut stream = attack(address, n).await;
        stream.write_all(b"GET / HTTP/1.1\r\nX: ").await.unwrap();
        slow.push(stream);
    }
    let start = Instant::now();
    let mut answered = 0;
    while answered < count && start.elapsed() < PATIENCE {
        sleep(Duration::from_millis(500)).await;
        let mut still = Vec::new();
        for mut stream in slow {
            let mut answer = [0; 512];
            if let Ok(len) = stream.try_read(&mut answer) {
                assert!(answer[..len].starts_with(b"HTTP/1.1 408 "), "{answer:?}");
                answered += 1;
            } else {
                let _ = stream.write_all(b"x").await;
                still.push(stream);
            }
        }
        slow = still;
    }
    assert_eq!(answered, count, "each is told 408 when its 10 s are over");
    honest.report(&format!("{count} slowloris")).await;
    wait_until("no client is left", || relay.sockets() == idle);
}

/// Connects to a TLS listener and says nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_never_speak_tls() {
    raise_file_limit();
    let authority = Authority::new();
    let relay = Program::start(&authority.sign("relay", "relay.example").flags());
    let address = relay.address();
    let idle = relay.sockets();
    let honest = Honest::start(address, Some(authority.client()));
    let count = scale(200, 2000);
    let mut silent = Vec::new();
    for n in 0..count {
        silent.push(attack(address, n).await);
    }
    for stream in &mut silent {
        let mut rest = Vec::new();
        tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest))
            .await
            .expect("hung up on when its 10 s are over")
            .unwrap();
    }
    honest
        .report(&format!("{count} that never speak TLS"))
        .await;
    drop(silent);
    wait_until("no client is left", || relay.sockets() == idle);
}

/// Laptops that take a byte a second of what their phones send as fast as they may.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_of_a_byte_a_second() {
    raise_file_limit();
    let relay = Program::start(&["--no-quotas"]);
    let address = relay.address();
    let idle = relay.sockets();
    let count = scale(20, 200);
    let mut tunnels = Vec::new();
    for n in 0..count {
        tunnels.push(tunnel(address, n).await);
    }
    let before = relay.resident_kib();
    let honest = Honest::start(address, None);

    // 64 KiB messages until the kernel and the relay take no more.
    let mut frame = vec![0x82, 0xFF, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4];
    frame.resize(14 + 65536, 5);
    for (phone, _) in &mut tunnels {
        let mut sent = 0;
        loop {
            let rest = &frame[sent % frame.len()..];
            let step = tokio::time::timeout(Duration::from_millis(200), phone.write(rest));
            match step.await {
                Ok(written) => sent += written.unwrap(),
                Err(_) => break,
            }
            assert!(sent < 1 << 26, "the relay pushes back");
        }
    }
    let grown = relay.resident_kib().saturating_sub(before);
    let allowed = 1024 + 80 * u64::try_from(count).unwrap();
    assert!(
        grown < allowed,
        "{grown} KiB for {count} tunnels, of which each may keep one read"
    );

    let seconds = scale(3, 45);
    for _ in 0..seconds {
        sleep(Duration::from_secs(1)).await;
        for (_, laptop) in &mut tunnels {
            let _ = laptop.try_read(&mut [0]);
        }
    }
    honest
        .report(&format!(
            "{count} readers of a byte a second, {seconds} s ({grown} KiB more)"
        ))
        .await;
    if is_full() {
        // Bytes that the laptop's kernel holds already are no progress.
        wait_until("no client is left", || relay.sockets() == idle);
    } else {
        assert!(
            relay.sockets() >= idle + 2 * count,
            "slow is no reason to hang up"
        );
    }
    drop(tunnels);
    wait_until("no client is left", || relay.sockets() == idle);
}

/// A laptop that takes 50 KB a second of what its phone sends as fast as it may, for longer than a peer may
/// take nothing. The kernel would hide that by taking megabytes in advance.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_is_no_stalled_one() {
    let relay = Program::start(&[
        "--no-quotas",
        "--write-stall-time=10s",
        "--ping-interval=5m",
    ]);
    let (phone, mut laptop) = tunnel(relay.address(), 0).await;
    let (mut phone_reads, mut phone_writes) = phone.into_split();
    let flood = tokio::spawn(async move {
        let mut frame = vec![0x82, 0xFE, 0xEA, 0x60, 1, 2, 3, 4];
        frame.resize(8 + 60_000, 5);
        while phone_writes.write_all(&frame).await.is_ok() {}
    });
    let told = tokio::spawn(async move {
        // A close frame: 1008, and why.
        let mut frame = [0; 4];
        phone_reads.read_exact(&mut frame).await.unwrap();
        frame
    });
    let start = Instant::now();
    let mut taken = vec![0; 12_500];
    while start.elapsed() < Duration::from_secs(16) {
        sleep(Duration::from_millis(250)).await;
        laptop.read_exact(&mut taken).await.unwrap();
        assert!(
            !told.is_finished(),
            "given up after {:.1?}",
            start.elapsed()
        );
    }
    // One that takes nothing at all is given up.
    let frame = tokio::time::timeout(PATIENCE, told).await.unwrap().unwrap();
    assert_eq!(frame[0], 0x88);
    assert_eq!(frame[2..], 1008_u16.to_be_bytes());
    flood.abort();
}
