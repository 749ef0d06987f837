//! A fault of the relay itself, in one tunnel.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf, duplex};

use crate::client::{ID, Received, binary, laptop, pair, phone, relay, settle, upgrade};

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

#[tokio::test(start_paused = true)]
async fn a_panic_in_one_tunnel_is_counted_and_the_others_live() {
    let relay = relay();
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
    let mut first_laptop = laptop(&relay).await;
    let (mut phone, mut second_laptop) = pair(&relay).await;
    assert_eq!(relay.stats().paired, 2);

    armed.store(true, Ordering::Relaxed);
    ours.write_all(&[0x82]).await.unwrap();
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(first_laptop.receive().await, Received::End);
    assert_eq!(relay.stats().panics, 1);

    second_laptop.send(b"unharmed").await;
    assert_eq!(phone.receive().await, binary(b"unharmed"));
    let stats = relay.stats();
    assert_eq!((stats.waiting, stats.paired, stats.connections), (0, 1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_waiting_frees_the_tunnel_id() {
    let relay = relay();
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
    armed.store(true, Ordering::Relaxed);
    ours.write_all(&[0x82]).await.unwrap();
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!((relay.stats().panics, relay.stats().waiting), (1, 0));
    phone(&relay).await;
}
