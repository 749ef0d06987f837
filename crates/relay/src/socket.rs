//! One type for every kind of connection, so that a TCP tunnel pays for no dispatch but a jump.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// Bytes that the kernel takes for a peer before it has sent them. By default it takes megabytes, and
/// says that there is room again when a third of them are gone: a peer that reads 20 KB/s would look
/// for half a minute as if it read nothing.
const UNSENT: u32 = 64 * 1024;

/// How much longer than `write-stall-time` the kernel keeps a connection whose peer acknowledges nothing
/// or has no room. Our own limit usually comes first, and can say why.
const AFTER_STALL: Duration = Duration::from_secs(5);

/// Prepares a connection to a client or another instance.
///
/// # Errors
/// What the operating system says: without `TCP_NODELAY`, two small messages in a row take 44 ms.
pub(crate) fn prepare(stream: &TcpStream, write_stall_time: Duration) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let options = socket2::SockRef::from(stream);
    // It works without these, if the kernel has them not.
    let _ = options.set_tcp_notsent_lowat(UNSENT);
    // With the pings, this finds peers that vanished without a word.
    let unacknowledged = write_stall_time.saturating_add(AFTER_STALL);
    let _ = options.set_tcp_user_timeout(Some(unacknowledged));
    Ok(())
}

/// What a connection may be made of: TCP, TLS, or a pipe in memory.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Io for T {}

/// A connection.
#[non_exhaustive]
pub enum Socket {
    /// Plaintext TCP.
    Tcp(TcpStream),
    /// TLS over another one.
    Tls(Box<TlsStream<Self>>),
    /// Anything else that reads and writes.
    Other(Box<dyn Io>),
    /// Closed by us: reads end, writes fail.
    Closed,
}

impl From<TcpStream> for Socket {
    fn from(stream: TcpStream) -> Self {
        Self::Tcp(stream)
    }
}

impl std::fmt::Debug for Socket {
    /// The kind only: an address would end up in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Tcp(_) => "Socket::Tcp",
            Self::Tls(_) => "Socket::Tls",
            Self::Other(_) => "Socket::Other",
            Self::Closed => "Socket::Closed",
        })
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(io) => Pin::new(io).poll_read(cx, buf),
            Self::Tls(io) => Pin::new(io.as_mut()).poll_read(cx, buf),
            Self::Other(io) => Pin::new(io).poll_read(cx, buf),
            Self::Closed => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(io) => Pin::new(io).poll_write(cx, buf),
            Self::Tls(io) => Pin::new(io.as_mut()).poll_write(cx, buf),
            Self::Other(io) => Pin::new(io).poll_write(cx, buf),
            Self::Closed => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(io) => Pin::new(io).poll_flush(cx),
            Self::Tls(io) => Pin::new(io.as_mut()).poll_flush(cx),
            Self::Other(io) => Pin::new(io).poll_flush(cx),
            Self::Closed => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(io) => Pin::new(io).poll_shutdown(cx),
            Self::Tls(io) => Pin::new(io.as_mut()).poll_shutdown(cx),
            Self::Other(io) => Pin::new(io).poll_shutdown(cx),
            Self::Closed => Poll::Ready(Ok(())),
        }
    }
}

/// A socket between two tasks.
#[derive(Debug)]
pub(crate) struct Handed {
    /// Without its TCP stream, if that has been taken from its event loop.
    socket: Socket,
    loose: Option<std::net::TcpStream>,
}

impl Handed {
    /// Takes the TCP stream from its event loop if the receiver has `another_loop`.
    pub(crate) fn new(mut socket: Socket, another_loop: bool) -> io::Result<Self> {
        let mut loose = None;
        if another_loop
            && let Some(place) = socket.tcp_mut()
            && let Socket::Tcp(stream) = std::mem::replace(place, Socket::Closed)
        {
            loose = Some(stream.into_std()?);
        }
        Ok(Self { socket, loose })
    }

    /// The socket, served by the event loop of this thread.
    pub(crate) fn settle(mut self) -> io::Result<Socket> {
        if let (Some(stream), Some(place)) = (self.loose, self.socket.tcp_mut()) {
            *place = Socket::Tcp(TcpStream::from_std(stream)?);
        }
        Ok(self.socket)
    }
}

impl Socket {
    /// Where the TCP stream is, or was until it was taken out.
    fn tcp_mut(&mut self) -> Option<&mut Self> {
        match self {
            Self::Tcp(_) | Self::Closed => Some(self),
            Self::Tls(stream) => stream.get_mut().0.tcp_mut(),
            Self::Other(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_prepared_connection_has_its_options() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap());
        let stream = stream.await.unwrap();
        prepare(&stream, Duration::from_secs(30)).unwrap();
        let options = socket2::SockRef::from(&stream);
        assert!(options.tcp_nodelay().unwrap());
        assert_eq!(options.tcp_notsent_lowat().unwrap(), UNSENT);
        let timeout = options.tcp_user_timeout().unwrap();
        assert_eq!(timeout, Some(Duration::from_secs(35)));
        prepare(&stream, Duration::MAX).unwrap();
    }
}
