//! The data path through pipes in memory, so without the kernel: `cargo bench -p hawser-relay --bench pump`.
//!
//! The pipes cost as much here with any relay; what a change to the pump costs shows in the difference.
#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hawser_relay::{Config, Relay};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::runtime::Runtime;

const ID: &str = "3EEF97097986413B059EAA2A30D653D4";

/// A tunnel's two ends, as a phone and a laptop hold them.
struct Tunnel {
    phone: DuplexStream,
    laptop: DuplexStream,
    buffer: Vec<u8>,
}

impl Tunnel {
    async fn new() -> Self {
        let mut config = Config::default();
        config.lift_quotas();
        let relay = Relay::new(config).unwrap();
        let phone = connect(&relay, &format!("/cable/new/{ID}")).await;
        let laptop = connect(&relay, &format!("/cable/connect/000000/{ID}")).await;
        Self {
            phone,
            laptop,
            buffer: vec![0; 1 << 20],
        }
    }

    /// Frames from the phone to the laptop, in one write.
    async fn pass(&mut self, frames: &[u8], received: usize) {
        self.phone.write_all(frames).await.unwrap();
        let buffer = self.buffer.get_mut(..received).unwrap();
        self.laptop.read_exact(buffer).await.unwrap();
    }
}

async fn connect(relay: &Relay, path: &str) -> DuplexStream {
    let (mut ours, theirs) = duplex(1 << 20);
    let relay = relay.clone();
    tokio::spawn(async move { relay.serve_io(theirs, None).await });
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: relay\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: fido.cable\r\n\r\n"
    );
    ours.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(ours.read_u8().await.unwrap());
    }
    ours
}

/// A masked binary message, and the length of what the relay makes of it.
fn message(len: u16) -> (Vec<u8>, usize) {
    let mut frame = vec![0x82];
    match len {
        0..=125 => frame.extend([0x80 | u8::try_from(len).unwrap()]),
        _ => frame.extend([&[0xFE][..], &len.to_be_bytes()].concat()),
    }
    frame.extend([1, 2, 3, 4]);
    frame.resize(frame.len() + usize::from(len), 5);
    let received = frame.len() - 4;
    (frame, received)
}

fn messages(c: &mut Criterion) {
    let runtime: Runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut group = c.benchmark_group("pump");
    for (name, len, count) in [
        ("64 B", 64, 1),
        ("1 KB", 1000, 1),
        ("1 KB, 16 in one read", 1000, 16),
        ("16 KB", 16_000, 1),
        ("16 KB, 16 in four reads", 16_000, 16),
    ] {
        let (frame, received) = message(len);
        let (frames, received) = (frame.repeat(count), received * count);
        group.throughput(Throughput::Bytes(u64::try_from(received).unwrap()));
        group.bench_function(name, |b| {
            let mut tunnel = runtime.block_on(Tunnel::new());
            b.iter(|| runtime.block_on(tunnel.pass(&frames, received)));
        });
    }
}

criterion_group!(benches, messages);
criterion_main!(benches);
