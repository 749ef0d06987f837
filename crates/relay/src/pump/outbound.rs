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

    /// Writes what waits and closes our side. TLS says that in a message of its own: it goes out with the last
    /// of what waits, because a peer that has heard our close frame may be gone a moment later.
    pub(super) fn poll_close(
        &mut self,
        socket: &mut Socket,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(unsent) = &mut self.0 {
            unsent.sent += socket.hold(unsent.rest());
            if !unsent.rest().is_empty() {
                ready!(unsent.poll_flush(socket, cx))?;
            }
        }
        // Dropping a TCP socket says the same with one system call less.
        if !matches!(socket, Socket::Tcp(_)) {
            ready!(Pin::new(socket).poll_shutdown(cx))?;
        }
        self.0 = None;
        Poll::Ready(Ok(()))
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
    fn rest(&self) -> &[u8] {
        self.bytes.get(self.sent..).unwrap_or_default()
    }

    fn poll_flush(&mut self, socket: &mut Socket, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.rest().is_empty() {
            let written = ready!(Pin::new(&mut *socket).poll_write(cx, self.rest()))?;
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

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::io::IoSlice;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use rustls::pki_types::ServerName;
    use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, DuplexStream, ReadBuf, duplex};
    use tokio::join;

    use super::*;

    /// A pipe that takes several slices at once, as a TCP socket does, and counts its writes.
    struct Counting(DuplexStream, Arc<AtomicUsize>);

    impl AsyncRead for Counting {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_read(cx, buf)
        }
    }

    impl AsyncWrite for Counting {
        fn poll_write(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &[u8],
        ) -> Poll<io::Result<usize>> {
            let written = ready!(Pin::new(&mut self.0).poll_write(cx, buf));
            self.1.fetch_add(1, Relaxed);
            Poll::Ready(written)
        }

        fn poll_write_vectored(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bufs: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            let bytes: Vec<u8> = bufs.iter().flat_map(|buf| buf.iter().copied()).collect();
            self.poll_write(cx, &bytes)
        }

        fn is_write_vectored(&self) -> bool {
            true
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_flush(cx)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_shutdown(cx)
        }
    }

    #[tokio::test]
    async fn tls_sends_its_handshake_in_one_write_and_its_goodbye_with_the_last_bytes() {
        for (last, most_writes) in [(0, 2), (26, 2), (300_000, usize::MAX)] {
            let (ours, theirs) = duplex(64 * 1024);
            let writes = Arc::new(AtomicUsize::new(0));
            let (tls, client) = crate::tls::self_signed();
            let io = Socket::Other(Box::new(Counting(theirs, Arc::clone(&writes))));
            let host = ServerName::try_from("relay.example").unwrap();
            let (server, client) = join!(tls.acceptor().accept(io), client.connect(host, ours));
            assert_eq!(
                writes.load(Relaxed),
                1,
                "the server's part of the handshake"
            );

            let mut socket = Socket::Tls(Box::new(server.unwrap()));
            let mut outbound = Outbound::default();
            outbound.push(vec![7; last]);
            let close = poll_fn(|cx| {
                let closed = outbound.poll_close(&mut socket, cx);
                assert_eq!(closed.is_ready(), outbound.is_empty());
                closed
            });
            let (mut client, mut read) = (client.unwrap(), Vec::new());
            let (closed, end) = join!(close, client.read_to_end(&mut read));
            closed.unwrap();
            end.expect("TLS says itself that it ends");
            assert!(read == vec![7; last], "what arrived");
            assert!(writes.load(Relaxed) <= most_writes, "{writes:?}");
        }
    }
}
