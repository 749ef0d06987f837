//! The service: accepts connections, and ends in good order.

mod accept;
mod door;
mod drain;
mod peer_keys;
mod peers;

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;

use prometheus::Registry;
use tokio_util::sync::CancellationToken;

use crate::admission::Arrival;
use crate::config::Config;
use crate::listen::{Listener, Listeners};
use crate::metrics::{Metrics, Stats};
use crate::seat::Seat;
use crate::shared::Shared;
use crate::socket::{Io, Socket};

/// A tunnel service. Clones are handles to the same one.
#[derive(Debug, Clone)]
pub struct Relay {
    pub(crate) shared: Arc<Shared>,
}

/// How a drain went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct DrainReport {
    /// Tunnels that ended by themselves after the drain began, those at other instances too that this
    /// one passes clients on to.
    pub finished: u64,
    /// Tunnels that were closed at the deadline, and clients of others that were cut off.
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
        let metrics = Metrics::new().map_err(RelayError::Metrics)?;
        Ok(Self {
            shared: Arc::new(Shared::new(config, metrics)),
        })
    }

    /// Makes the relay's metrics part of a registry.
    ///
    /// # Errors
    /// [`RelayError::Metrics`] when the registry has metrics of these names.
    pub fn register_metrics(&self, registry: &Registry) -> Result<(), RelayError> {
        let shared = &self.shared;
        let down = shared.metrics.peers.down(shared.peers.clone());
        shared
            .metrics
            .register(registry)
            .and_then(|()| registry.register(Box::new(down)))
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

    /// Resolves when every event loop that accepts connections has taken a turn, to whether they all
    /// could. One that is stuck never does; one that is gone cannot.
    ///
    /// # Cancel safety
    /// Dropping the future has no effect.
    pub async fn turn(&self) -> bool {
        let turns: Vec<_> = self
            .shared
            .loops()
            .iter()
            .map(|event_loop| event_loop.spawn(async {}))
            .collect();
        let mut all = true;
        for turn in turns {
            all &= turn.await.is_ok();
        }
        all
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
        self.serve_loop(&listener.into(), 1, shutdown).await
    }

    /// Serves until the end of the drain. `loops` is how many accept connections at once.
    async fn serve_loop(
        &self,
        listener: &Listener,
        loops: usize,
        shutdown: impl Future<Output = ()>,
    ) -> DrainReport {
        let drained = async {
            shutdown.await;
            self.drain().await
        };
        tokio::select! {
            () = self.accept(listener, loops) => DrainReport { finished: 0, cut: 0 },
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
        if threads > 1 {
            self.shared.set_own_loops();
        }
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
                match listen(listener) {
                    Ok(listener) => {
                        let accept = relay.accept(&listener, threads);
                        over.run_until_cancelled(accept).await;
                    }
                    Err(error) => tracing::error!(%error, "a thread cannot accept connections"),
                }
            };
            std::thread::Builder::new()
                .name("relay".into())
                .spawn(move || runtime.block_on(work))
                .map_err(ServeError::Thread)?;
        }
        Ok(self.serve_loop(&first, threads, shutdown).await)
    }

    /// Serves one connection, of any kind, to its end. `peer` is whose it is, for the quotas.
    pub async fn serve_io(&self, io: impl Io, peer: Option<IpAddr>) {
        let mut seat = Seat::new(&self.shared.metrics);
        if peer.is_some_and(|peer| !self.assign(&mut seat, peer)) {
            return;
        }
        let arrival = Arrival {
            socket: Socket::Other(Box::new(io)),
            seat,
            proxy: None,
            tls: None,
        };
        Arc::clone(&self.shared).connection(arrival).await;
    }
}
