//! A fault of the relay itself, in one tunnel.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use hawser_relay::Relay;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf, duplex};
use tokio::task::JoinHandle;

use crate::client::{ID, Received, binary, close, laptop, pair, phone, relay, settle, upgrade};
use crate::metered::Metered;

/// A connection at which the relay panics, as if it had a bug there.
struct Mine {
    io: DuplexStream,
    armed: Arc<AtomicBool>,
}

impl AsyncRead for Mine {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        assert!(!self.armed.load(Ordering::Relaxed), "the bug of this test");
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Mine {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// A phone that waits in the tunnel, on such a connection.
struct MinedPhone {
    io: DuplexStream,
    armed: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl MinedPhone {
    async fn open(relay: &Relay) -> Self {
        let armed = Arc::new(AtomicBool::new(false));
        let (mut ours, io) = duplex(4096);
        let mine = Mine {
            io,
            armed: Arc::clone(&armed),
        };
        let task = tokio::spawn({
            let relay = relay.clone();
            async move { relay.serve_io(mine, None).await }
        });
        ours.write_all(upgrade(&format!("/cable/new/{ID}")).as_bytes())
            .await
            .unwrap();
        settle().await;
        assert_eq!(relay.stats().waiting, 1);
        Self {
            io: ours,
            armed,
            task,
        }
    }

    async fn explode(mut self) {
        self.armed.store(true, Ordering::Relaxed);
        self.io.write_all(&[0x82]).await.unwrap();
        assert!(self.task.await.unwrap_err().is_panic());
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_one_tunnel_is_counted_and_the_others_live() {
    let metered = Metered::new(relay());
    let relay = &metered.relay;
    let mine = MinedPhone::open(relay).await;
    let mut first_laptop = laptop(relay).await;
    let (mut phone, mut second_laptop) = pair(relay).await;
    assert_eq!(relay.stats().paired, 2);

    mine.explode().await;
    assert_eq!(first_laptop.receive().await, Received::End);
    assert_eq!(relay.stats().panics, 1);
    assert_eq!(metered.closed("paired", "internal"), 1);

    second_laptop.send(b"unharmed").await;
    assert_eq!(phone.receive().await, binary(b"unharmed"));
    let stats = relay.stats();
    assert_eq!((stats.waiting, stats.paired, stats.connections), (0, 1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_waiting_frees_the_tunnel_id() {
    let metered = Metered::new(relay());
    let relay = &metered.relay;
    MinedPhone::open(relay).await.explode().await;
    assert_eq!((relay.stats().panics, relay.stats().waiting), (1, 0));
    assert_eq!(metered.closed("waiting", "internal"), 1);
    phone(relay).await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_at_the_goodbye_does_not_end_the_tunnel_a_second_time() {
    let metered = Metered::new(relay());
    let relay = &metered.relay;
    let mine = MinedPhone::open(relay).await;
    let mut laptop = laptop(relay).await;
    laptop.write(&close(1000)).await;
    assert_eq!(laptop.receive().await, Received::Close { code: Some(1000) });
    mine.explode().await;
    assert_eq!(relay.stats().panics, 1);
    assert_eq!(metered.closed("paired", "peer_closed"), 1);
    assert_eq!(metered.closed("paired", "internal"), 0);
}
