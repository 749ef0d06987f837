//! Names on the wire of the FIDO hybrid transport (caBLE v2, CTAP 2.2/2.3 §11.5).
//!
//! Everything that a tunnel service, a phone and a laptop must agree on before any cryptography
//! starts, and nothing else:
//!
//! | module | what it names |
//! |---|---|
//! | [`id`] | [`TunnelId`], [`RoutingId`], [`ContactId`] |
//! | [`path`] | [`TunnelPath`]: the three request paths of a tunnel service |
//! | [`domain`] | [`TunnelDomain`]: the 16-bit number that stands for a tunnel service's host name |
//! | [`header`] | header names and the WebSocket sub-protocol |
//! | [`close`] | [`CloseReason`]: every way a tunnel ends, with its close code |
//!
//! The crate is pure: bytes and text in, values out. It knows no socket, clock or configuration,
//! and no cryptography but the SHA-256 that turns a domain number into a host name.
//!
//! ```
//! use hawser_wire::{TunnelDomain, TunnelPath};
//!
//! let path: TunnelPath = "/cable/new/3EEF97097986413B059EAA2A30D653D4".parse()?;
//! let service = TunnelDomain::from_id(0xF980)?;
//! assert_eq!(
//!     service.url(&path),
//!     "wss://cable.my4kstlhndi4c.net/cable/new/3EEF97097986413B059EAA2A30D653D4",
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod close;
pub mod domain;
pub mod header;
pub mod id;
pub mod path;

pub use close::CloseReason;
pub use domain::{DomainError, KNOWN_DOMAINS, TunnelDomain};
pub use id::{ContactId, IdError, RoutingId, TunnelId};
pub use path::{PathError, TunnelPath};
