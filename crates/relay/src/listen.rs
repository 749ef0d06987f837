//! Listening sockets.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;

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

/// Several listeners on one address, for one thread each: the kernel spreads connections over them.
/// They belong to no runtime yet.
pub(crate) fn bind_shared(
    address: SocketAddr,
    count: usize,
) -> Result<Vec<std::net::TcpListener>, BindError> {
    let bind = || {
        // Sockets that share an address let any other process of this user share it too. One that
        // does not share finds out whether somebody is there, and which port 0 becomes.
        let probe = open(address, false)?;
        let address = probe.local_addr()?.as_socket().unwrap_or(address);
        if count == 1 {
            probe.listen(BACKLOG)?;
            return Ok(vec![probe.into()]);
        }
        drop(probe);
        let sockets: Vec<socket2::Socket> = (0..count)
            .map(|_| open(address, true))
            .collect::<io::Result<_>>()?;
        for socket in &sockets {
            socket.listen(BACKLOG)?;
        }
        Ok(sockets.into_iter().map(Into::into).collect())
    };
    bind().map_err(|source| BindError::of(address, source))
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
