//! A WebSocket client for FIDO hybrid tunnel services (caBLE v2, CTAP 2.2 §11.5).
//!
//! A phone [opens](Dialer::open) a tunnel and waits in it; a laptop [joins](Dialer::join) it. From
//! then on each end of the [`Tunnel`] sends and receives whole binary messages that the service in
//! the middle cannot read. A laptop that is linked with a phone [contacts](Dialer::contact) it
//! through the service instead.
//!
//! ```no_run
//! use hawser_tunnel::{Dialer, OpenError};
//! use hawser_wire::{TunnelDomain, TunnelId};
//!
//! # async fn example(id: TunnelId) -> Result<(), Box<dyn std::error::Error>> {
//! let domain = TunnelDomain::from_id(0xF980)?;
//! let dialer = Dialer::new();
//!
//! let (mut phone, routing) = dialer.open(domain, id).await?;
//! let mut laptop = match dialer.join(domain, routing, id).await {
//!     Ok(tunnel) => tunnel,
//!     Err(OpenError::Refused { status: 404, .. }) => return Err("the phone has gone".into()),
//!     Err(error) => return Err(error.into()),
//! };
//!
//! laptop.send(b"first message".to_vec()).await?;
//! while let Some(message) = phone.receive().await? {
//!     println!("{} bytes", message.len());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`dialer`] | [`Dialer`]: where a tunnel service is and whose certificates to trust |
//! | [`open_error`] | [`OpenError`]: why there is no tunnel, in words for a user |
//! | [`tunnel`] | [`Tunnel`]: messages, limits, the end |
//!
//! The crate knows no cryptography of the protocol, no QR code and no CTAP. It installs nothing
//! global: TLS is rustls with the *ring* provider, passed by hand. It logs no id and no message;
//! but the WebSocket library below it logs its request, path and all, through the `log` crate at
//! trace level, so a program must not enable that level for `tungstenite` in production.

mod connect;
mod deadline;
pub mod dialer;
mod dialer_error;
mod happy_eyeballs;
pub mod open_error;
mod service;
pub mod tunnel;
mod upgrade;

pub use dialer::{DIAL_LIMIT, Dialer, DialerError, PhoneSignal};
pub use open_error::{Attempt, Attempts, DialStage, OpenError, Request};
pub use tunnel::{CLOSE_LIMIT, MAX_MESSAGE_LEN, Tunnel, TunnelError};

/// An error of a library below this crate; none of their types is part of this API.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;
