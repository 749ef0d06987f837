//! What a relay may be told. Every setting has a name, a default and a reason, and stands in one
//! table, from which its flag, its environment variable, its key in the file, the help and the
//! reference in the manual are made.
//!
//! | module | job |
//! |---|---|
//! | `table` | the macro that makes the tables, and what an entry knows |
//! | `limits`, `quotas`, `server`, `peers` | the settings themselves |
//! | `value`, `amount`, `networks` | texts to values and back |
//! | `file`, `flags` | where texts come from |
//! | `load` | which of them counts |
//! | `check` | what contradicts itself |
//! | `print` | settings as a file, and as a table |

pub(crate) mod amount;
mod check;
mod file;
mod flags;
mod limits;
mod load;
mod networks;
mod peers;
mod print;
mod quotas;
mod server;
mod table;
mod value;

use std::time::Duration;

use hawser_wire::RoutingId;

use crate::peer::PeerConfig;

pub use self::amount::{Ceiling, Threads};
pub use self::check::{Problem, Warning};
pub use self::flags::{Action, command};
pub use self::limits::Limits;
pub use self::load::{LoadError, Loaded, Origin, Origins, load};
pub use self::networks::Networks;
pub use self::peers::{Peers, PeersError, SlotFrom};
pub use self::print::{as_file, as_markdown};
pub use self::quotas::Quotas;
pub use self::server::{AddressFrom, Clients, LogFormat, LogLevel, Operation};
pub use self::table::{Key, Settings};
pub use self::value::Invalid;

/// How a relay behaves.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The name of this instance in a phone's advert. Default: three zero bytes.
    pub routing_id: RoutingId,
    /// Time and size limits.
    pub limits: Limits,
    /// What one client may use at once.
    pub quotas: Quotas,
    /// How long a drain waits for tunnels to finish. Default: 60 s.
    pub drain_time: Duration,
    /// Whether to keep a list of all tunnels for [`Relay::tunnels_now`](crate::Relay::tunnels_now).
    /// Default: no.
    pub census: bool,
    /// Who may say which client a connection is from. Default: nobody.
    pub proxies: Proxies,
    /// The other instances. Default: `None`, there are none.
    pub peers: Option<PeerConfig>,
}

/// Load balancers and reverse proxies that tell a client's address.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Proxies {
    /// Where they connect from. What anybody else says about addresses is ignored.
    pub trusted: Networks,
    /// What says which client a connection of theirs is from.
    pub address_from: AddressFrom,
}

impl Config {
    /// Lifts what is counted per client and per tunnel: messages, bytes, and every quota. Times and
    /// the size of a message stay.
    pub fn lift_quotas(&mut self) {
        self.limits.messages = None;
        self.limits.tunnel_bytes = None;
        self.quotas = Quotas {
            connections: None,
            waiting_tunnels: None,
            tunnels_per_second: None,
        };
    }
}

impl Default for Config {
    fn default() -> Self {
        Settings::default().config()
    }
}
