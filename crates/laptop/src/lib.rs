//! The laptop of cross-device passkey sign-in: show a QR code, find the phone, ask it.
//!
//! A relying party sends WebAuthn options; a phone that has seen this laptop's QR code, and is near it, answers them (CTAP 2.2
//! §11.5, WebAuthn Level 3 §5.1). The app draws the code and supplies the radio. This crate does the rest: it recognises the
//! phone's advert, joins it at its tunnel service, secures the connection, asks, and says goodbye.
//!
//! # A laptop app
//!
//! ```no_run
//! use std::time::SystemTime;
//!
//! use hawser_laptop::webauthn::{Authentication, Origin};
//! use hawser_laptop::{Dialer, Hint, Laptop, LaptopError, Progress, Scanner};
//!
//! # fn draw_qr_code(_: &str) {}
//! # fn hide_qr_code() {}
//! # fn say(_: &str) {}
//! /// What goes back to the relying party as JSON, or a sentence for the user.
//! async fn sign_in(options: &str, radio: impl Scanner) -> Result<String, String> {
//!     let origin: Origin = "https://login.example.com".parse().map_err(in_words)?;
//!     let ceremony = Authentication::from_json(options, &origin).map_err(in_words)?;
//!
//!     let laptop = Laptop::new(Dialer::new()); // one for the whole program
//!     // One for each attempt.
//!     let invite = laptop.invite(Hint::GetAssertion, SystemTime::now()).map_err(in_words)?;
//!     let code = invite.uri();
//!     let response = invite.authenticate(radio, &ceremony, |progress| match progress {
//!         Progress::WaitingForScan => draw_qr_code(&code),
//!         Progress::PhoneNearby { .. } => hide_qr_code(),
//!         Progress::WaitingForApproval => say("look at your phone"),
//!         _ => {}
//!     });
//!     match response.await {
//!         Ok(response) => serde_json::to_string(&response).map_err(in_words),
//!         Err(LaptopError::Declined) => Err("you declined on the phone".to_owned()),
//!         Err(error) => Err(in_words(error)), // its text says what to do next
//!     }
//! }
//!
//! fn in_words(error: impl std::error::Error) -> String {
//!     error.to_string()
//! }
//! ```
//!
//! A "Cancel" button keeps [`Invite::canceller`]. A radio for BlueZ, and one that is simulated, are in the crate `hawser-radio`.
//!
//! # A transaction
//!
//! Each step is told by one [`Progress`]; each has a limit in [`Limits`] and errors of its own.
//!
//! ```text
//!            Laptop::invite                          errors                                limit
//!                  │
//!                  ▼ WaitingForScan
//!   ┌──────────────────────────────┐
//!   │ listen: Scanner, Advert::open │─────▶ Scan, AdvertNotSeen                         Limits::advert
//!   └──────────────────────────────┘
//!                  ▼ PhoneNearby
//!   ┌──────────────────────────────┐
//!   │ join: /cable/connect          │─────▶ TunnelRefused, TunnelUnreachable, Tls       Dialer::time_limit
//!   └──────────────────────────────┘
//!                  ▼ Connected
//!   ┌──────────────────────────────┐
//!   │ secure: Noise, post-handshake │─────▶ Handshake, Protocol, PhoneLost              Limits::handshake
//!   └──────────────────────────────┘
//!                  ▼ Secured, WaitingForApproval
//!   ┌──────────────────────────────┐
//!   │ ask: one CTAP request         │─────▶ NoCtap, Declined, NoCredentials,            Limits::transaction
//!   └──────────────────────────────┘       AlreadyRegistered, Ctap, Response, Protocol, PhoneLost
//!                  │ reply
//!   ┌──────────────────────────────┐
//!   │ goodbye: Shutdown, then wait  │                                                   Limits::linger
//!   └──────────────────────────────┘
//!                  ▼ Linked, when the phone offers it; Done
//! ```
//!
//! # A linked phone
//!
//! A laptop that [welcomes links](Laptop::welcome_links) may be offered one after a transaction ([`Progress::Linked`]): with
//! it the phone can be asked without a code from then on. [`Laptop::contact`] replaces the code; its
//! [`Contact`] has the methods of an [`Invite`].
//!
//! ```no_run
//! use hawser_laptop::webauthn::{Authentication, AuthenticationResponse};
//! use hawser_laptop::{Hint, Laptop, LaptopError, Link, Progress, Scanner};
//!
//! # fn say(_: &str) {}
//! # fn forget(_: &Link) {}
//! async fn sign_in_again(
//!     laptop: &Laptop,
//!     link: Link, // stored as safely as a password
//!     radio: impl Scanner,
//!     ceremony: &Authentication,
//! ) -> Result<AuthenticationResponse, LaptopError> {
//!     let contact = laptop.contact(link.clone(), Hint::GetAssertion)?;
//!     let response = contact.authenticate(radio, ceremony, |progress| match progress {
//!         Progress::WaitingForPhone => say("look at your phone: there may be a notification"),
//!         Progress::WaitingForApproval => say("look at your phone"),
//!         _ => {}
//!     });
//!     match response.await {
//!         Err(LaptopError::LinkEnded) => {
//!             forget(&link); // its user has revoked it
//!             Err(LaptopError::LinkEnded)
//!         }
//!         other => other, // after any other error the link is still good, and so is a QR code
//!     }
//! }
//! ```
//!
//! [`LaptopError::Cancelled`] may end any step, [`LaptopError::TimedOut`] any but the first. A code is good for one attempt, whatever came of
//! it: show a new one for the next. The state machine of the messages is in [`hawser_proto`].
//!
//! # Modules
//!
//! | module | what it holds | in the specifications |
//! |---|---|---|
//! | [`webauthn`] | relying party's options in, its response out | WebAuthn §5.1.3, §5.1.4 |
//! | [`ctap`] | requests, replies and status codes, for apps without a relying party | CTAP 2.2 §6, §8 |
//! | [`scanner`] | [`Scanner`]: the radio that the app supplies | CTAP 2.2 §11.5.1 |
//!
//! | type | what it is |
//! |---|---|
//! | [`Laptop`] | how to reach tunnel services and how long to wait; cheap to clone |
//! | [`Invite`] | one QR code: [`register`](Invite::register), [`authenticate`](Invite::authenticate), [`run`](Invite::run) |
//! | [`Contact`] | the same with a linked phone and no code |
//! | [`Session`] | a secured connection, for apps that choose their requests by what the phone can do |
//! | [`LaptopError`] | one variant for each thing that goes wrong, in words for the user |
//!
//! It needs a tokio runtime with IO and time. It logs no id, no key and no message.

mod cancel;
mod contact;
pub mod ctap;
mod error;
mod flow;
mod invite;
mod laptop;
mod progress;
pub mod scanner;
mod transaction;
pub mod webauthn;

pub use cancel::Canceller;
pub use contact::Contact;
pub use error::LaptopError;
pub use flow::Session;
pub use hawser_proto::{Hint, Link, LinkId, LinkSecret, PublicKey, SessionError, StartError};
pub use hawser_tunnel::{Dialer, DialerError, OpenError, TunnelError};
pub use hawser_wire::{ContactId, RoutingId, TunnelDomain};
pub use invite::Invite;
pub use laptop::{Laptop, Limits};
pub use progress::{Progress, Stage};
pub use scanner::{ScanError, Scanner};
