//! One type for every kind of connection, so that a TCP tunnel pays for no dispatch but a jump.

use std::io::{self, IoSlice, Write as _};
use std::os::fd::AsFd;
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

/// Bytes that the kernel holds of what a peer has sent and we have not read; it reserves twice as many, for
/// its own bookkeeping. By default it starts with half of that and goes up to megabytes: a new connection would
/// need more segments for its first messages, and one whose partner takes nothing could fill megabytes of the kernel.
const UNREAD: usize = 128 * 1024;

/// Prepares a connection, or a listening socket for those that it accepts: the kernel gives them what it
/// has, for nothing.
///
/// # Errors
/// What the operating system says: without `TCP_NODELAY`, two small messages in a row take 44 ms.
pub(crate) fn prepare(socket: &impl AsFd) -> io::Result<()> {
    let options = socket2::SockRef::from(socket);
    // It works without these, if the kernel has them not.
    let _ = options.set_tcp_notsent_lowat(UNSENT);
    let _ = options.set_recv_buffer_size(UNREAD);
    options.set_tcp_nodelay(true)
}

/// Has the kernel give up a connection, or those that a listening socket will accept, once its peer has taken
/// nothing for longer than `write_stall_time`. With the pings, this finds peers that vanished without a word.
pub(crate) fn abandon_after(socket: &impl AsFd, write_stall_time: Duration) {
    let unacknowledged = write_stall_time.saturating_add(AFTER_STALL);
    // It works without, if the kernel has it not.
    let _ = socket2::SockRef::from(socket).set_tcp_user_timeout(Some(unacknowledged));
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

    /// All slices in one system call: the server's part of a TLS handshake is three of them.
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(io) => Pin::new(io).poll_write_vectored(cx, bufs),
            Self::Tls(io) => Pin::new(io.as_mut()).poll_write_vectored(cx, bufs),
            Self::Other(io) => Pin::new(io).poll_write_vectored(cx, bufs),
            Self::Closed => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(io) => io.is_write_vectored(),
            Self::Tls(io) => io.is_write_vectored(),
            Self::Other(io) => io.is_write_vectored(),
            Self::Closed => false,
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
    /// With TLS, takes bytes that leave together with what is written or closed next, as far as there is
    /// room. Returns how many it took.
    pub(crate) fn hold(&mut self, bytes: &[u8]) -> usize {
        match self {
            Self::Tls(stream) => stream.get_mut().1.writer().write(bytes).unwrap_or(0),
            Self::Tcp(_) | Self::Other(_) | Self::Closed => 0,
        }
    }

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
    async fn a_connection_has_its_options_and_so_has_one_that_is_accepted() {
        let listener = crate::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        abandon_after(&listener, Duration::from_secs(30));
        let stream = TcpStream::connect(listener.local_addr().unwrap());
        let stream = stream.await.unwrap();
        prepare(&stream).unwrap();
        abandon_after(&stream, Duration::from_secs(30));
        for stream in [&stream, &listener.accept().await.unwrap().0] {
            let options = socket2::SockRef::from(stream);
            assert!(options.tcp_nodelay().unwrap());
            assert_eq!(options.tcp_notsent_lowat().unwrap(), UNSENT);
            assert_eq!(options.recv_buffer_size().unwrap(), 2 * UNREAD);
            let timeout = options.tcp_user_timeout().unwrap();
            assert_eq!(timeout, Some(Duration::from_secs(35)));
        }
        abandon_after(&stream, Duration::MAX);
    }
}
