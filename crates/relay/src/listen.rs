//! Listening sockets.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;

use rustix::io::Errno;
use tokio::net::TcpListener;

use crate::socket::prepare;
use crate::tls::Tls;

/// Connections that the kernel may hold for us. Fewer, and a burst of 512 loses packets.
pub(crate) const BACKLOG: u16 = 4096;

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
    /// A port below 1024 without the right to it.
    #[error(
        "cannot listen on {address}: ports below 1024 need a right of their own \
         (AmbientCapabilities=CAP_NET_BIND_SERVICE in systemd); grant it or choose a port from 1024 on"
    )]
    Denied {
        /// The address.
        address: SocketAddr,
    },
    /// No interface has the address.
    #[error(
        "cannot listen on {address}: no interface of this machine has this address; \
         0.0.0.0 or [::] stand for all that it has"
    )]
    NotHere {
        /// The address.
        address: SocketAddr,
    },
    /// The operating system does not speak this version of IP.
    #[error(
        "cannot listen on {address}: this machine has no IP of this version; 0.0.0.0 stands for all \
         IPv4 addresses, [::] for those of both versions"
    )]
    NoSuchVersion {
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
            socket.listen(BACKLOG.into())?;
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
                socket.listen(BACKLOG.into())?;
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
    // Before anybody connects.
    prepare(&socket)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

impl BindError {
    fn of(address: SocketAddr, source: io::Error) -> Self {
        match Errno::from_io_error(&source) {
            Some(Errno::ADDRINUSE) => Self::InUse { address },
            Some(Errno::ACCESS | Errno::PERM) if address.port() < 1024 => Self::Denied { address },
            Some(Errno::ADDRNOTAVAIL) => Self::NotHere { address },
            Some(Errno::AFNOSUPPORT) => Self::NoSuchVersion { address },
            _ => Self::Os { address, source },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_cannot_be_listened_on_says_what_to_do() {
        for (port, errno, way_out) in [
            (443, Errno::ACCESS, "CAP_NET_BIND_SERVICE"),
            (8080, Errno::ACCESS, "cannot listen on 192.0.2.1:8080"),
            (8080, Errno::ADDRINUSE, "stop the other program"),
            (8080, Errno::ADDRNOTAVAIL, "0.0.0.0 or [::]"),
            (8080, Errno::AFNOSUPPORT, "no IP of this version"),
            (8080, Errno::NOBUFS, "cannot listen on 192.0.2.1:8080"),
        ] {
            let address = SocketAddr::from(([192, 0, 2, 1], port));
            let text = BindError::of(address, errno.into()).to_string();
            assert!(text.contains(way_out), "{text}");
            assert!(text.contains(&address.to_string()), "{text}");
        }
    }
}
