//! A FIDO hybrid (caBLE) tunnel service: pairs a phone and a laptop and forwards what it cannot read.
//!
//! | path | who | answer |
//! |---|---|---|
//! | `GET /cable/new/<tunnel id>` | phone | 101 with the routing id; 409 while another one waits there |
//! | `GET /cable/connect/<routing id>/<tunnel id>` | laptop | 101; 404 when nobody waits there |
//! | `GET /` | human | a page that says what this is |
//!
//! | module | job |
//! |---|---|
//! | `relay` | accepts connections, and ends in good order |
//! | `shared` | what every connection needs |
//! | `admission`, `address`, [`tls`] | what comes before the request |
//! | `connection` | the one request of a connection, and its answer |
//! | [`request`], [`decide`](mod@decide), `refusal`, `response` | bytes to request, request to decision, decision to answer |
//! | `pairing` | who waits for whom |
//! | `clients` | what one client may use |
//! | `joining`, `tunnel` | a laptop on its way to its phone; the life of a tunnel, in one task |
//! | `pump` | the data path |
//! | [`peer`] | other instances behind the same domain |
//! | [`config`], `metrics` | what it may be told, and what it counts |
//! | `replaced` | certificates and keys that change while it runs |
//!
//! The crate links no FIDO cryptography: it cannot read what it forwards, and needs not to.
//!
//! ```no_run
//! use hawser_relay::{Config, Relay, bind};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let listener = bind("127.0.0.1:0".parse()?)?;
//! println!("ws://{}", listener.local_addr()?);
//! let relay = Relay::new(Config::default())?;
//! let handle = relay.clone();
//! relay.serve(listener, std::future::pending()).await;
//! # let _ = handle.stats().messages;
//! # Ok(())
//! # }
//! ```

mod address;
pub mod admin;
mod admission;
mod census;
mod clients;
pub mod config;
mod connection;
pub mod decide;
mod joining;
mod listen;
pub mod logging;
mod metrics;
pub mod open_files;
mod pairing;
pub mod peer;
mod pump;
mod refusal;
mod relay;
mod replaced;
pub mod request;
mod response;
mod seat;
mod shared;
mod socket;
pub mod tls;
mod tunnel;

pub use self::admin::Admin;
pub use self::config::{Config, Limits, Quotas};
pub use self::decide::Decision;
pub use self::listen::{BindError, Listener, Listeners, bind};
pub use self::metrics::{CertificateMetrics, Stats, register_process_metrics};
pub use self::refusal::Refusal;
pub use self::relay::{DrainReport, Relay, RelayError, ServeError};
pub use self::socket::{Io, Socket};
pub use self::tls::Tls;
