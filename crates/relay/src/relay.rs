//! The service: accepts connections, and ends in good order.

use std::future::Future;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus::Registry;
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::admission::Arrival;
use crate::census::Census;
use crate::clients::Clients;
use crate::config::{AddressFrom, Ceiling, Config};
use crate::listen::{Listener, Listeners};
use crate::metrics::{Limit, Metrics, Stats};
use crate::open_files;
use crate::pairing::Pairing;
use crate::pump::Budget;
use crate::seat::Seat;
use crate::socket::{Io, Socket};
use crate::tls::Tls;
use crate::tunnel::Joining;

/// Pause after a failed accept: long enough not to spin while there are no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Longest time that data may stay unacknowledged before the kernel calls a connection dead. With
/// the pings, it finds peers that vanished without a word.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// A tunnel service. Clones are handles to the same one.
#[derive(Debug, Clone)]
pub struct Relay {
    shared: Arc<Shared>,
}

/// What every connection needs.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) budget: Budget,
    pub(crate) metrics: Metrics,
    pub(crate) clients: Clients,
    pub(crate) pairing: Pairing<Box<Joining>>,
    /// Most connections at once.
    connections: Option<u64>,
    /// Ends every tunnel at once.
    pub(crate) cut: CancellationToken,
    pub(crate) census: Census,
    /// Every event loop that accepts connections.
    loops: Mutex<Vec<Handle>>,
    draining: AtomicBool,
    /// Each thread has an event loop of its own, so that a socket moves with its tunnel.
    own_loops: AtomicBool,
}

/// How a drain went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct DrainReport {
    /// Tunnels that ended by themselves after the drain began.
    pub finished: u64,
    /// Tunnels that were closed at the deadline.
    pub cut: u64,
}

/// Why there is no relay.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RelayError {
    /// The metrics could not be made or registered.
    #[error("cannot set up metrics: {0}")]
    Metrics(#[source] prometheus::Error),
}

/// Why a relay with several threads does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// A thread or its event loop could not be made.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] std::io::Error),
}

impl Relay {
    /// A relay with metrics of its own.
    ///
    /// # Errors
    /// [`RelayError::Metrics`], which no configuration causes.
    pub fn new(config: Config) -> Result<Self, RelayError> {
        let limits = &config.limits;
        let connections = match limits.connections {
            Ceiling::Auto => open_files::connections(),
            Ceiling::At(most) => Some(most),
            Ceiling::None => None,
        };
        let metrics = Metrics::new().map_err(RelayError::Metrics)?;
        metrics.show_limits(connections, limits.waiting_tunnels);
        Ok(Self {
            shared: Arc::new(Shared {
                budget: Budget {
                    message_bytes: limits.message_bytes,
                    messages: limits.messages,
                    bytes: limits.tunnel_bytes,
                    control_frames: limits.control_frames,
                },
                metrics,
                clients: Clients::new(config.quotas.clone()),
                pairing: Pairing::new(),
                connections,
                cut: CancellationToken::new(),
                census: if config.census {
                    Census::kept()
                } else {
                    Census::default()
                },
                loops: Mutex::default(),
                draining: AtomicBool::new(false),
                own_loops: AtomicBool::new(false),
                config,
            }),
        })
    }

    /// Makes the relay's metrics part of a registry.
    ///
    /// # Errors
    /// [`RelayError::Metrics`] when the registry has metrics of these names.
    pub fn register_metrics(&self, registry: &Registry) -> Result<(), RelayError> {
        self.shared
            .metrics
            .register(registry)
            .map_err(RelayError::Metrics)
    }

    /// The counts at this moment.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.metrics.stats()
    }

    /// Most connections at once; `None` is any number.
    #[must_use]
    pub fn most_connections(&self) -> Option<u64> {
        self.shared.connections
    }

    /// Whether new tunnels are welcome: false once a drain has begun.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.shared.is_draining()
    }

    /// One line a tunnel with its state and age, if [`Config::census`] has them kept.
    #[must_use]
    pub fn tunnels_now(&self) -> String {
        self.shared.census.lines()
    }

    /// Resolves when every event loop that accepts connections has taken a turn. One that is stuck
    /// never does.
    ///
    /// # Cancel safety
    /// Dropping the future has no effect.
    pub async fn turn(&self) {
        let turns: Vec<_> = self
            .shared
            .loops()
            .iter()
            .map(|event_loop| event_loop.spawn(async {}))
            .collect();
        for turn in turns {
            let _ = turn.await;
        }
    }

    /// Accepts connections until `shutdown` resolves, then drains: phones are turned away, laptops
    /// may still join the phones that wait, and what is not done at the deadline is closed.
    ///
    /// # Cancel safety
    /// Dropping the future stops accepting; tunnels live on in the runtime.
    pub async fn serve(
        self,
        listener: impl Into<Listener>,
        shutdown: impl Future<Output = ()>,
    ) -> DrainReport {
        let listener = listener.into();
        let drained = async {
            shutdown.await;
            self.drain().await
        };
        tokio::select! {
            () = self.accept(&listener, 1) => DrainReport { finished: 0, cut: 0 },
            report = drained => report,
        }
    }

    /// Like [`Self::serve`], on one thread with an event loop of its own for each listener. Runs the
    /// first loop in the calling task, which should therefore be on a current-thread runtime.
    ///
    /// # Errors
    /// [`ServeError`] when it cannot start.
    pub async fn serve_threads(
        self,
        listeners: Listeners,
        shutdown: impl Future<Output = ()>,
    ) -> Result<DrainReport, ServeError> {
        let Listeners { first, others, tls } = listeners;
        let threads = others.len() + 1;
        self.shared.own_loops.store(threads > 1, Ordering::Relaxed);
        let listen = move |listener| Listener::from_std(listener, tls.clone());
        let first = listen(first).map_err(ServeError::Thread)?;
        let over = CancellationToken::new();
        let _over = over.clone().drop_guard();
        for listener in others {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let runtime = runtime.map_err(ServeError::Thread)?;
            let (relay, over, listen) = (self.clone(), over.clone(), listen.clone());
            let work = async move {
                if let Ok(listener) = listen(listener) {
                    over.run_until_cancelled(relay.accept(&listener, threads))
                        .await;
                }
            };
            std::thread::Builder::new()
                .name("relay".into())
                .spawn(move || runtime.block_on(work))
                .map_err(ServeError::Thread)?;
        }
        Ok(self.serve(first, shutdown).await)
    }

    /// Serves one connection, of any kind, to its end. `peer` is whose it is, for the quotas.
    pub async fn serve_io(&self, io: impl Io, peer: Option<IpAddr>) {
        let seat = match peer {
            Some(peer) => self.seat(peer),
            None => Some(Seat::new(&self.shared.metrics)),
        };
        if let Some(seat) = seat {
            let arrival = Arrival {
                socket: Socket::Other(Box::new(io)),
                seat,
                proxy: None,
                tls: None,
            };
            Arc::clone(&self.shared).connection(arrival).await;
        }
    }

    /// Accepts connections for ever. `loops` is how many do so at once.
    async fn accept(&self, listener: &Listener, loops: usize) {
        self.shared.loops().push(Handle::current());
        let limits = &self.shared.config.limits;
        let mut pace = Pace::new(limits.accepts_per_second, loops);
        loop {
            let most = self.shared.connections;
            if most.is_some_and(|most| self.stats().connections >= most) {
                self.shared.metrics.count_limit(Limit::Connections);
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
            if let Some(later) = pace.wait() {
                self.shared.metrics.count_limit(Limit::AcceptRate);
                sleep_until(later).await;
            }
            match listener.tcp.accept().await {
                Ok((stream, peer)) => self.welcome(stream, peer.ip(), listener),
                Err(error) => {
                    self.shared.metrics.accept_errors.inc();
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn welcome(&self, stream: TcpStream, peer: IpAddr, listener: &Listener) {
        // Without this, two small messages in a row take 44 ms.
        if stream.set_nodelay(true).is_err() {
            return;
        }
        let _ = socket2::SockRef::from(&stream).set_tcp_user_timeout(Some(UNACKNOWLEDGED));
        let proxies = &self.shared.config.proxies;
        let proxy = (proxies.address_from != AddressFrom::Connection
            && proxies.trusted.contain(peer))
        .then_some(peer);
        let seat = match proxy {
            Some(_) => Some(Seat::new(&self.shared.metrics)),
            None => self.seat(peer),
        };
        if let Some(seat) = seat {
            let arrival = Arrival {
                socket: Socket::Tcp(stream),
                seat,
                proxy,
                tls: listener.tls.as_ref().map(Tls::acceptor),
            };
            tokio::spawn(Arc::clone(&self.shared).connection(arrival));
        }
    }

    /// A place for a connection, unless its client has too many: then it is closed without a word,
    /// because even waiting for its request would be a place.
    fn seat(&self, peer: IpAddr) -> Option<Seat> {
        let mut seat = Seat::new(&self.shared.metrics);
        if let Ok(client) = self.shared.clients.connect(peer) {
            seat.assign(client);
            Some(seat)
        } else {
            self.shared.metrics.count_limit(Limit::ClientConnections);
            None
        }
    }

    async fn drain(&self) -> DrainReport {
        let shared = &self.shared;
        shared.draining.store(true, Ordering::Relaxed);
        shared.metrics.draining.set(1);
        let at_start = self.tunnels();
        self.wait_until_empty(shared.config.drain_time).await;
        let cut = self.tunnels();
        shared.cut.cancel();
        shared.pairing.clear();
        self.wait_until_empty(shared.config.limits.close_time).await;
        DrainReport {
            finished: at_start.saturating_sub(cut),
            cut,
        }
    }

    async fn wait_until_empty(&self, most: Duration) {
        let deadline = Instant::now() + most;
        while self.tunnels() > 0 && Instant::now() < deadline {
            sleep(Duration::from_millis(20)).await;
        }
    }

    fn tunnels(&self) -> u64 {
        let stats = self.stats();
        stats.waiting + stats.paired
    }
}

impl Shared {
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    fn loops(&self) -> MutexGuard<'_, Vec<Handle>> {
        self.loops.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn own_loops(&self) -> bool {
        self.own_loops.load(Ordering::Relaxed)
    }
}

/// Spreads accepts so that there are no more than so many a second, with bursts of a tenth of that.
struct Pace {
    step: Option<Duration>,
    next: Instant,
}

impl Pace {
    fn new(per_second: Option<u32>, loops: usize) -> Self {
        let loops = u32::try_from(loops).unwrap_or(u32::MAX);
        let step = |rate: u32| Duration::from_secs(1).saturating_mul(loops) / rate.max(1);
        Self {
            step: per_second.map(step),
            next: Instant::now(),
        }
    }

    /// When the next accept is due, if it is not yet. Counts that accept.
    fn wait(&mut self) -> Option<Instant> {
        const BURST: Duration = Duration::from_millis(100);
        let step = self.step?;
        let now = Instant::now();
        let behind = now.checked_sub(BURST).unwrap_or(now);
        let due = self.next.max(behind);
        self.next = due + step;
        (due > now).then_some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn accepts_are_paced_at_the_limit_and_not_below() {
        let start = Instant::now();
        let mut pace = Pace::new(Some(100), 1);
        tokio::time::advance(Duration::from_secs(5)).await;
        let start = start + Duration::from_secs(5);
        for _ in 0..11 {
            assert_eq!(pace.wait(), None, "a burst of a tenth of a second");
        }
        assert_eq!(pace.wait(), Some(start + Duration::from_millis(10)));
        assert_eq!(Pace::new(None, 4).wait(), None);
    }
}
