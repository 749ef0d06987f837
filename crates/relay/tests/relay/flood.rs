//! A peer that sends without end, faster than the relay reads.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::JoinHandle;
use tokio::time::{Instant, advance};

use crate::client::{ID, relay, settle, upgrade};

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

/// A phone that floods, and whose time is up.
async fn flooded(piece: usize) -> JoinHandle<()> {
    let relay = relay();
    let flood = Flood {
        request: upgrade(&format!("/cable/new/{ID}")).into_bytes(),
        sent: 0,
        piece,
        reads: 0,
    };
    let task = tokio::spawn({
        let relay = relay.clone();
        async move { relay.serve_io(flood, None).await }
    });
    settle().await;
    assert_eq!(relay.stats().waiting, 1);
    advance(Duration::from_secs(121)).await;
    task
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_stops_sending_is_left_all_the_same() {
    let task = flooded(MESSAGE.len()).await;
    settle().await;
    assert!(!task.is_finished(), "its answer to our close is awaited");
    advance(Duration::from_secs(3)).await;
    settle().await;
    assert!(task.is_finished(), "but no longer than that");
    task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn nor_is_more_taken_from_it_than_it_can_have_sent_before_it_knew() {
    let task = flooded(64 * 1024).await;
    let start = Instant::now();
    task.await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO, "no time was waited for");
}
