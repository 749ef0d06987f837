//! Several instances behind one tunnel domain: each accepts every `connect`, and passes on those that
//! belong to another, in one hop.
//!
//! | module | job |
//! |---|---|
//! | `routing` | which instance a routing id names |
//! | `template` | under which name an instance is reached |
//! | `address` | where that name is, asked once at a time |
//! | `breaker` | an instance that is down is not dialled in a storm |
//! | `token`, `replay` | an instance knows another by a key that they share |
//! | `guard` | what an instance answers to another |
//! | `hop` | one client's request, passed on |
//! | `pipe` | what follows, byte for byte |
//! | `metrics` | what is counted |
//!
//! A hop decodes nothing: the same HTTP upgrade goes to the owner, its answer comes back, and behind
//! them bytes are copied. Nothing is read from one side before the other has taken what came earlier,
//! so back-pressure is TCP's from end to end.

mod address;
mod breaker;
mod guard;
mod hop;
mod key;
mod metrics;
mod pipe;
mod replay;
mod routing;
mod template;
mod token;

use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, SystemTime};

use hawser_wire::RoutingId;

use crate::config::amount::Ceiling;

use self::address::Address;
use self::breaker::Breaker;
use self::replay::Replays;

pub use self::key::{Keys, KeysError};
pub(crate) use self::metrics::PeerMetrics;
pub use self::routing::{Generation, Identity, Slot, SlotError};
pub use self::template::{Template, TemplateError};
use self::token::Verdict;

/// The header field by which an instance shows another that it is one.
const TOKEN_FIELD: &str = "hawser-peer";

/// What an instance needs to know of the others.
#[derive(Debug, Clone, PartialEq)]
pub struct PeerConfig {
    /// Where the others are.
    pub template: Template,
    /// How many there may be: slots from this one on are never dialled.
    pub count: u16,
    /// The secret that all of them share.
    pub keys: Keys,
    /// Times and limits.
    pub limits: PeerLimits,
}

/// Times and limits of hops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerLimits {
    /// Time to find and reach an instance. Default: 750 ms, so that a client hears within a second.
    pub connect_time: Duration,
    /// Time for its answer, once it is reached. Default: 3 s.
    pub answer_time: Duration,
    /// Time for which an instance that could not be reached is not dialled. Default: 1 s.
    pub retry_time: Duration,
    /// Dials of one instance at once. Default: 128.
    pub dials: u32,
    /// Connections of other instances at once. Default: half of all connections.
    pub connections: Ceiling,
}

impl Default for PeerLimits {
    fn default() -> Self {
        Self {
            connect_time: Duration::from_millis(750),
            answer_time: Duration::from_secs(3),
            retry_time: Duration::from_secs(1),
            dials: 128,
            connections: Ceiling::Auto,
        }
    }
}

/// The other instances, as one of them sees them.
#[derive(Debug)]
pub(crate) struct Peers {
    own: Slot,
    limits: PeerLimits,
    keys: RwLock<Keys>,
    replays: Replays,
    places: Vec<Place>,
}

/// Where an instance is, and whether it was there lately.
#[derive(Debug)]
struct Place {
    /// As it stands in a `Host` field.
    name: String,
    address: Address,
    breaker: Breaker,
}

impl Peers {
    pub(crate) fn new(config: &PeerConfig, own: RoutingId) -> Self {
        let limits = config.limits.clone();
        let places = (0..config.count).map_while(|number| {
            let slot = Slot::new(number).ok()?;
            let name = config.template.name(slot);
            Some(Place {
                address: Address::new(name.clone()),
                name,
                breaker: Breaker::new(limits.retry_time, limits.dials),
            })
        });
        Self {
            own: Slot::of(own),
            places: places.collect(),
            keys: RwLock::new(config.keys.clone()),
            replays: Replays::of_tokens(token::LIFE),
            limits,
        }
    }

    /// The other instance whose tunnels have this routing id. `None` for a slot that does not exist,
    /// another zone, and every life of this instance: only what the configuration names is dialled.
    fn owner(&self, routing: RoutingId) -> Option<&Place> {
        let slot = Slot::of(routing);
        if !routing::in_this_zone(routing) || slot == self.own {
            return None;
        }
        self.places.get(usize::from(slot.number()))
    }

    /// What to make of the token that came with a request for `path`.
    fn verify(&self, token: &[u8], path: &str, now: SystemTime) -> Verdict {
        token::verify(&self.keys(), &self.replays, token, path, now)
    }

    /// Whether these are the keys that count.
    pub(crate) fn has(&self, keys: &Keys) -> bool {
        *self.keys() == *keys
    }

    /// From now on these count.
    pub(crate) fn replace_keys(&self, keys: Keys) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    fn keys(&self) -> RwLockReadGuard<'_, Keys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many instances could not be reached lately. A slot without a name has none.
    fn down(&self) -> usize {
        let down = |place: &&Place| place.breaker.is_open() && !place.address.is_nowhere();
        self.places.iter().filter(down).count()
    }
}
