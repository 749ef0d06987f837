//! Connections to the service, spread over its addresses and ours.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hawser_wire::{RoutingId, TunnelId, TunnelPath};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::client::socket::Socket;
use crate::client::stream::Stream;
use crate::client::target::Target;
use crate::client::upgrade::{Upgraded, upgrade};
use crate::fault::{Failure, Fault, Trouble};

/// Opens connections. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Dialer {
    target: Arc<Target>,
    /// Whose turn it is among the service's addresses. Tunnels take turns, not connections: a
    /// counter of both would put every phone at the same one of two.
    place: Arc<AtomicUsize>,
    /// Whose turn it is among ours.
    source: Arc<AtomicUsize>,
    limit: Duration,
    /// What was said the first time that a connection failed, for each kind of failure.
    causes: Arc<Mutex<BTreeMap<Failure, String>>>,
}

/// Which address of the service a tunnel is at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place(usize);

impl Dialer {
    /// `limit` is for a connection and the answer to its request together.
    pub(crate) fn new(target: Arc<Target>, limit: Duration) -> Self {
        Self {
            target,
            place: Arc::default(),
            source: Arc::default(),
            limit,
            causes: Arc::default(),
        }
    }

    /// What was said the first time that a connection failed, for each kind of failure.
    pub(crate) fn causes(&self) -> BTreeMap<Failure, String> {
        self.lock_causes().clone()
    }

    fn note(&self, failure: Failure, error: &io::Error) -> Trouble {
        let mut causes = self.lock_causes();
        causes.entry(failure).or_insert_with(|| error.to_string());
        failure.into()
    }

    fn lock_causes(&self) -> MutexGuard<'_, BTreeMap<Failure, String>> {
        self.causes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a tunnel, as a phone does.
    pub(crate) async fn open(&self, id: TunnelId) -> Result<(Socket, RoutingId, Place), Trouble> {
        let place = self.place.fetch_add(1, Ordering::Relaxed);
        let path = TunnelPath::New(id);
        let (socket, routing) = self.request(place, &path).await?;
        let routing = routing.ok_or(Fault::BadUpgrade)?;
        Ok((socket, routing, Place(place)))
    }

    /// Joins a tunnel, as a laptop does.
    pub(crate) async fn join(
        &self,
        routing: RoutingId,
        id: TunnelId,
        phone: Place,
    ) -> Result<Socket, Trouble> {
        let place = phone.0 + usize::from(self.target.laptop_elsewhere);
        let path = TunnelPath::Connect(routing, id);
        let (socket, _) = self.request(place, &path).await?;
        Ok(socket)
    }

    async fn request(
        &self,
        place: usize,
        path: &TunnelPath,
    ) -> Result<(Socket, Option<RoutingId>), Trouble> {
        let work = async {
            let mut stream = self.stream(place).await?;
            let Upgraded { routing, early } = upgrade(&mut stream, &self.target, path).await?;
            Ok((Socket::new(stream, early), routing))
        };
        timeout(self.limit, work)
            .await
            .unwrap_or(Err(Failure::ConnectTimeout.into()))
    }

    async fn stream(&self, place: usize) -> Result<Stream, Trouble> {
        let tcp = self.tcp(place).await?;
        let Some(tls) = &self.target.tls else {
            return Ok(Stream::Plain(tcp));
        };
        let connector = TlsConnector::from(Arc::clone(&tls.config));
        let stream = connector.connect(tls.name.clone(), tcp).await;
        let stream = stream.map_err(|error| self.note(Failure::Tls, &error))?;
        Ok(Stream::Tls(Box::new(stream)))
    }

    async fn tcp(&self, place: usize) -> Result<TcpStream, Trouble> {
        let pick = |n: usize, len: usize| n.checked_rem(len).unwrap_or_default();
        let addresses = &self.target.addresses;
        let address = addresses.get(pick(place, addresses.len()));
        let address = *address.ok_or(Failure::Connect)?;
        let sources = &self.target.sources;
        let turn = self.source.fetch_add(1, Ordering::Relaxed);
        let source = sources.get(pick(turn, sources.len())).copied();
        connect(address, source)
            .await
            .map_err(|error| self.note(why(&error), &error))
    }

    /// A bare connection, for clients that do not want to speak HTTP.
    pub(crate) async fn connect(&self) -> Result<TcpStream, Trouble> {
        self.tcp(self.place.fetch_add(1, Ordering::Relaxed)).await
    }

    /// Ends a socket in the way that was asked for.
    pub(crate) fn release(&self, socket: &Socket) {
        if self.target.reset {
            socket.reset_on_close();
        }
    }
}

async fn connect(address: SocketAddr, source: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // Without this, two small messages in a row take 44 ms.
    socket.set_nodelay(true)?;
    if let Some(source) = source {
        socket.bind(SocketAddr::new(source, 0))?;
    }
    socket.connect(address).await
}

fn why(error: &io::Error) -> Failure {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    match (error.kind(), error.raw_os_error()) {
        (_, Some(EMFILE | ENFILE)) => Failure::NoFiles,
        (io::ErrorKind::AddrNotAvailable | io::ErrorKind::AddrInUse, _) => Failure::NoPorts,
        (io::ErrorKind::TimedOut, _) => Failure::ConnectTimeout,
        _ => Failure::Connect,
    }
}
