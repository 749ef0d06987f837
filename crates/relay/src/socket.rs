//! One type for every kind of connection, so that a TCP tunnel pays for no dispatch but a jump.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// Longest time that data may stay unacknowledged before the kernel calls a connection dead. With
/// the pings, it finds peers that vanished without a word.
pub(crate) const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

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
