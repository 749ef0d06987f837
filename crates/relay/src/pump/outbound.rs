//! What one peer is sent, and the little that may wait for it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite as _;
use tokio::time::Instant;

use crate::socket::Socket;

/// Empty for a peer that takes things as they come, and then no more than a pointer.
#[derive(Debug, Default)]
pub(super) struct Outbound(Option<Box<Unsent>>);

#[derive(Debug)]
struct Unsent {
    /// What the socket did not take, from `sent` on.
    bytes: Vec<u8>,
    sent: usize,
    /// When the peer last took something.
    stalled_since: Option<Instant>,
}

impl Outbound {
    /// Whether everything has been handed to the kernel.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Since when the peer has taken nothing, although something waits.
    pub(super) fn stalled_since(&self) -> Option<Instant> {
        self.0.as_ref().and_then(|unsent| unsent.stalled_since)
    }

    /// Puts bytes behind what waits.
    pub(super) fn push(&mut self, bytes: Vec<u8>) {
        match &mut self.0 {
            Some(unsent) => unsent.bytes.extend_from_slice(&bytes),
            None => {
                self.0 = Some(Box::new(Unsent {
                    bytes,
                    sent: 0,
                    stalled_since: None,
                }));
            }
        }
    }

    /// Writes what waits. Ready means that nothing is left.
    pub(super) fn poll_flush(
        &mut self,
        socket: &mut Socket,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let Some(unsent) = &mut self.0 else {
            return Poll::Ready(Ok(()));
        };
        let flushed = unsent.poll_flush(socket, cx);
        match flushed {
            Poll::Ready(_) => self.0 = None,
            Poll::Pending if unsent.stalled_since.is_none() => {
                unsent.stalled_since = Some(Instant::now());
            }
            Poll::Pending => {}
        }
        flushed
    }

    /// Writes `bytes` in one call, and keeps what the socket does not take. Nothing may be waiting.
    pub(super) fn write(
        &mut self,
        socket: &mut Socket,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let written = match Pin::new(&mut *socket).poll_write(cx, bytes) {
            Poll::Ready(written) => written?,
            Poll::Pending => 0,
        };
        let rest = bytes.get(written..).unwrap_or_default();
        if !rest.is_empty() {
            self.push(rest.to_vec());
        } else if holds_back(socket) && Pin::new(socket).poll_flush(cx)?.is_pending() {
            self.push(Vec::new());
        }
        Ok(())
    }
}

impl Unsent {
    fn poll_flush(&mut self, socket: &mut Socket, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.bytes.get(self.sent..).filter(|rest| !rest.is_empty()) {
            let written = ready!(Pin::new(&mut *socket).poll_write(cx, rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent += written;
            self.stalled_since = None;
        }
        if holds_back(socket) {
            ready!(Pin::new(socket).poll_flush(cx))?;
        }
        Poll::Ready(Ok(()))
    }
}

/// Whether a write may leave bytes in the socket that go out only with a flush, as with TLS.
fn holds_back(socket: &Socket) -> bool {
    !matches!(socket, Socket::Tcp(_))
}
