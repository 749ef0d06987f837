//! Listening sockets.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;

use tokio::net::TcpListener;

use crate::tls::Tls;

/// Connections that the kernel may hold for us. Fewer, and a burst of 512 loses packets.
const BACKLOG: i32 = 4096;

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// Somebody else listens there.
    #[error("{address} is in use already; stop the other program or choose another address")]
    InUse {
        /// The address.
        address: SocketAddr,
    },
    /// The operating system refuses.
    #[error("cannot listen on {address}: {source}")]
    Os {
        /// The address.
        address: SocketAddr,
        /// What it said.
        source: io::Error,
    },
}

/// Listens on an address, with a backlog that a burst of clients fits in. Port 0 takes a free one:
/// ask the listener for its `local_addr`.
///
/// # Errors
/// [`BindError`], which names the address.
///
/// # Panics
/// Outside a tokio runtime.
pub fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    open(address, false)
        .and_then(|socket| {
            socket.listen(BACKLOG)?;
            TcpListener::from_std(socket.into())
        })
        .map_err(|source| BindError::of(address, source))
}

/// Where a relay accepts connections, and what it speaks there.
#[derive(Debug)]
pub struct Listener {
    pub(crate) tcp: TcpListener,
    pub(crate) tls: Option<Tls>,
}

impl Listener {
    /// TLS on a listening socket.
    #[must_use]
    pub fn with_tls(tcp: TcpListener, tls: Tls) -> Self {
        Self {
            tcp,
            tls: Some(tls),
        }
    }

    /// # Panics
    /// Outside a tokio runtime.
    pub(crate) fn from_std(tcp: std::net::TcpListener, tls: Option<Tls>) -> io::Result<Self> {
        let tcp = TcpListener::from_std(tcp)?;
        Ok(Self { tcp, tls })
    }
}

impl From<TcpListener> for Listener {
    /// Plaintext.
    fn from(tcp: TcpListener) -> Self {
        Self { tcp, tls: None }
    }
}

/// Several listeners on one address, for one thread each: the kernel spreads connections over them.
/// They belong to no runtime yet.
#[derive(Debug)]
pub struct Listeners {
    pub(crate) first: std::net::TcpListener,
    pub(crate) others: Vec<std::net::TcpListener>,
    pub(crate) tls: Option<Tls>,
}

impl Listeners {
    /// Listens on an address as [`bind`] does, with a socket for each thread.
    ///
    /// # Errors
    /// [`BindError`], which names the address.
    pub fn bind(address: SocketAddr, threads: NonZeroUsize) -> Result<Self, BindError> {
        let bind = || {
            // Sockets that share an address let any other process of this user share it too. One
            // that does not share finds out whether somebody is there, and which port 0 becomes.
            let probe = open(address, false)?;
            let address = probe.local_addr()?.as_socket().unwrap_or(address);
            let (first, others) = if threads.get() == 1 {
                (probe, Vec::new())
            } else {
                drop(probe);
                let others = (1..threads.get()).map(|_| open(address, true));
                (open(address, true)?, others.collect::<io::Result<_>>()?)
            };
            for socket in others.iter().chain([&first]) {
                socket.listen(BACKLOG)?;
            }
            Ok(Self {
                first: first.into(),
                others: others.into_iter().map(Into::into).collect(),
                tls: None,
            })
        };
        bind().map_err(|source| BindError::of(address, source))
    }

    /// Speaks TLS on them.
    #[must_use]
    pub fn with_tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// The address, which says the port if it was 0.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.first.local_addr()
    }
}

fn open(address: SocketAddr, shared: bool) -> io::Result<socket2::Socket> {
    let domain = socket2::Domain::for_address(address);
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(shared)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

impl BindError {
    fn of(address: SocketAddr, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::InUse { address },
            _ => Self::Os { address, source },
        }
    }
}
