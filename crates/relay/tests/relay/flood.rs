//! A peer that sends without end, faster than the relay reads.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, advance};

use crate::client::{ID, connect_with_room, relay, relay_with, settle, upgrade};

/// A whole masked message of 128 bytes.
const MESSAGE: [u8; 128] = {
    let mut message = [0; 128];
    message[0] = 0x82;
    message[1] = 0x80 | 0x7A;
    message
};

/// Reads that the relay may make here. Far more than it needs, so that a test of endless reading ends.
const READS: u32 = 100_000;

/// A connection with a request in front and messages without end behind it. It takes everything.
struct Flood {
    request: Vec<u8>,
    sent: usize,
    /// Bytes that a read brings at most.
    piece: usize,
    reads: u32,
    taken: Arc<AtomicUsize>,
}

impl Flood {
    /// A phone that floods in pieces, and how much of it the relay has taken.
    fn phone(piece: usize) -> (Self, Arc<AtomicUsize>) {
        let taken = Arc::new(AtomicUsize::new(0));
        let flood = Self {
            request: upgrade(&format!("/cable/new/{ID}")).into_bytes(),
            sent: 0,
            piece,
            reads: 0,
            taken: Arc::clone(&taken),
        };
        (flood, taken)
    }
}

impl AsyncRead for Flood {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.reads += 1;
        assert!(self.reads < READS, "the relay reads and reads");
        if !self.request.is_empty() {
            buffer.put_slice(&std::mem::take(&mut self.request));
            return Poll::Ready(Ok(()));
        }
        let end = self.sent + self.piece.min(buffer.remaining());
        while self.sent < end {
            let rest = &MESSAGE[self.sent % MESSAGE.len()..];
            let len = rest.len().min(end - self.sent);
            buffer.put_slice(&rest[..len]);
            self.sent += len;
        }
        self.taken.store(self.sent, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Flood {
    fn poll_write(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_stops_sending_is_left_all_the_same() {
    let relay = relay();
    let (flood, _) = Flood::phone(MESSAGE.len());
    let task = tokio::spawn({
        let relay = relay.clone();
        async move { relay.serve_io(flood, None).await }
    });
    settle().await;
    assert_eq!(relay.stats().waiting, 1);
    advance(Duration::from_secs(121)).await;
    settle().await;
    assert!(!task.is_finished(), "its answer to our close is awaited");
    advance(Duration::from_secs(3)).await;
    settle().await;
    assert!(task.is_finished(), "but no longer than that");
    task.await.unwrap();
}

/// Its partner takes nothing, so that the goodbye lasts half a minute.
#[tokio::test(start_paused = true)]
async fn nor_is_more_taken_from_it_than_it_can_have_sent_before_it_knew() {
    const MIB: usize = 1 << 20;
    let relay = relay_with(hawser_relay::Config::lift_quotas);
    let (flood, taken) = Flood::phone(64 * 1024);
    let task = tokio::spawn({
        let relay = relay.clone();
        async move { relay.serve_io(flood, None).await }
    });
    settle().await;
    let mut stuck = connect_with_room(&relay, 500);
    stuck
        .write(upgrade(&format!("/cable/connect/000000/{ID}")).as_bytes())
        .await;
    assert_eq!(stuck.answer().await.status, 101);
    settle().await;
    assert!(taken.load(Ordering::Relaxed) < MIB, "it is pushed back");
    let start = Instant::now();
    task.await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 60, "30 s stalled, 30 s goodbye");
    let taken = taken.load(Ordering::Relaxed) / MIB;
    assert!((32..34).contains(&taken), "{taken} MiB");
}
