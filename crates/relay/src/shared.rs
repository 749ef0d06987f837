//! What every connection of a relay needs, and all of them count in.

use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::census::Census;
use crate::clients::Clients;
use crate::config::{Ceiling, Config};
use crate::joining::Joining;
use crate::metrics::{Metrics, Moment};
use crate::open_files;
use crate::pairing::Pairing;
use crate::peer::Peers;
use crate::pump::Budget;
use crate::seat::Seat;

/// What every connection needs.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) budget: Budget,
    pub(crate) metrics: Metrics,
    pub(crate) clients: Clients,
    pub(crate) pairing: Pairing<Box<Joining>>,
    pub(crate) peers: Option<Arc<Peers>>,
    /// Most connections at once; `None` is any number.
    pub(crate) connections: Option<u64>,
    /// Held by the thread that takes a place for a connection.
    seats: Mutex<()>,
    /// Ends every tunnel at once.
    pub(crate) cut: CancellationToken,
    pub(crate) census: Census,
    /// Every event loop that accepts connections.
    loops: Mutex<Vec<Handle>>,
    draining: AtomicBool,
    /// When a drain began.
    pub(crate) at_drain: OnceLock<Moment>,
    /// When its time was over.
    pub(crate) at_deadline: OnceLock<Moment>,
    /// Each thread has an event loop of its own, so that a socket moves with its tunnel.
    own_loops: AtomicBool,
}

impl Shared {
    pub(crate) fn new(config: Config, metrics: Metrics) -> Self {
        let limits = &config.limits;
        let connections = match limits.connections {
            Ceiling::Auto => open_files::connections(),
            Ceiling::At(most) => Some(most),
            Ceiling::None => None,
        };
        metrics.show_limits(connections, limits.waiting_tunnels);
        Self {
            budget: Budget {
                message_bytes: limits.message_bytes,
                messages: limits.messages,
                bytes: limits.tunnel_bytes,
                control_frames: limits.control_frames,
            },
            metrics,
            clients: Clients::new(config.quotas.clone()),
            pairing: Pairing::new(),
            peers: config
                .peers
                .as_ref()
                .map(|peers| Arc::new(Peers::new(peers, config.routing_id))),
            connections,
            seats: Mutex::default(),
            cut: CancellationToken::new(),
            census: if config.census {
                Census::kept()
            } else {
                Census::default()
            },
            loops: Mutex::default(),
            draining: AtomicBool::new(false),
            at_drain: OnceLock::new(),
            at_deadline: OnceLock::new(),
            own_loops: AtomicBool::new(false),
            config,
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        let connections = u64::try_from(self.metrics.connections.get()).unwrap_or_default();
        self.connections.is_some_and(|most| connections >= most)
    }

    /// A place for a connection, if one is left. Threads take turns, so that two never get the last
    /// one.
    pub(crate) fn take_seat(&self) -> Option<Seat> {
        let _turn = self.seats.lock().unwrap_or_else(PoisonError::into_inner);
        (!self.is_full()).then(|| Seat::new(&self.metrics))
    }

    /// From now on new tunnels are refused. Whoever does not see that yet has been counted: see
    /// [`Self::begins_to_drain`].
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Whether a drain has begun that may not have seen what was counted just before this call.
    pub(crate) fn begins_to_drain(&self) -> bool {
        // Pairs with the fence of the drain: either this sees the drain, or that sees the count.
        fence(Ordering::SeqCst);
        self.is_draining()
    }

    pub(crate) fn loops(&self) -> MutexGuard<'_, Vec<Handle>> {
        self.loops.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_own_loops(&self) {
        self.own_loops.store(true, Ordering::Relaxed);
    }

    pub(crate) fn own_loops(&self) -> bool {
        self.own_loops.load(Ordering::Relaxed)
    }
}
