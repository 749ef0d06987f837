//! The phone of cross-device passkey sign-in: scan a QR code, prove to be near, approve.
//!
//! A laptop shows a QR code; whoever scans it waits for the laptop at a tunnel service, proves over Bluetooth that it is near,
//! and answers the laptop's CTAP requests with passkeys, once its owner has approved (CTAP 2.2 §11.5). The app supplies the
//! camera, the radio, the prompt and the place for passkeys. This crate does the rest.
//!
//! # A phone app
//!
//! ```no_run
//! use hawser_phone::store::FileStore;
//! use hawser_phone::{
//!     Advertiser, Approver, Ask, Authenticator, Decision, Dialer, Phone, ScannedQr, TunnelDomain,
//! };
//!
//! # async fn show_prompt(_site: &str, _accounts: usize) -> bool { true }
//! struct Prompt;
//!
//! impl Approver for Prompt {
//!     async fn approve(&self, ask: &Ask<'_>) -> Decision {
//!         // The relying party's id must be on the screen.
//!         if show_prompt(ask.rp_id, ask.accounts.len()).await {
//!             Decision::Approve
//!         } else {
//!             Decision::Decline
//!         }
//!     }
//! }
//!
//! /// Serves the laptop whose code the camera saw.
//! async fn scanned(text: &str, radio: impl Advertiser) -> Result<(), Box<dyn std::error::Error>> {
//!     let code = ScannedQr::from_scanner(text)?;
//!     let authenticator = Authenticator::new(FileStore::open("passkeys.json")?, Prompt);
//!     let domain = TunnelDomain::from_host("cable.wufkweyy3uaxb.com")?; // where this phone's service is
//!     let mut phone = Phone::new(Dialer::new(), radio, authenticator, domain);
//!     let outcome = phone.accept(&code, |progress| println!("{progress:?}")).await?;
//!     for answer in outcome.answers {
//!         println!("the laptop was told {:#04x}", answer.status); // 0 is success
//!     }
//!     Ok(())
//! }
//! ```
//!
//! A radio for BlueZ, and one that is simulated, are in the crate `hawser-radio`.
//!
//! # A session
//!
//! Each step is told by one [`Progress`]; each has a limit in [`Limits`] and errors of its own.
//!
//! ```text
//!          ScannedQr::from_scanner                 errors                                   limit
//!                  │
//!                  ▼ QrRead
//!   ┌──────────────────────────────┐
//!   │ open: /cable/new              │─────▶ DomainUnknown, NoTunnel, TunnelRefused,      Dialer::time_limit
//!   └──────────────────────────────┘       TunnelUnreachable
//!                  ▼ TunnelOpen
//!   ┌──────────────────────────────┐
//!   │ start the radio               │─────▶ Advertise                                    Limits::radio
//!   └──────────────────────────────┘
//!                  ▼ Advertising
//!   ┌──────────────────────────────┐
//!   │ wait for the laptop: Noise    │─────▶ LaptopNeverCame, Handshake                   Limits::laptop
//!   └──────────────────────────────┘
//!                  ▼ Secured: the advert is off the air
//!   ┌──────────────────────────────┐
//!   │ wait for a request            │─────▶ LaptopLost, Protocol, TooManyRequests        Limits::silence
//!   └──────────────────────────────┘
//!          │ Asked           ▲ Answered
//!          ▼                 │
//!   ┌──────────────────────────────┐
//!   │ ask the person, then answer   │─────▶ Cancelled, LaptopLost                        Limits::approval
//!   └──────────────────────────────┘
//!                  │ the laptop says goodbye or hangs up
//!                  ▼ Done
//! ```
//!
//! [`PhoneError::TimedOut`] may end any step, the whole within [`Limits::session`]. A request that the person declines is
//! answered too, so it is part of a good [`PhoneOutcome`]. The state machine of the messages is in [`hawser_proto`].
//!
//! # Modules
//!
//! | module | what it holds | in the specification |
//! |---|---|---|
//! | [`scanned`] | [`ScannedQr`]: the one door through which codes come in | §11.5.1, CVE-2024-9956 |
//! | [`advertiser`] | [`Advertiser`]: the radio that the app supplies | §11.5.1 |
//! | [`approver`] | [`Approver`]: the prompt that the app supplies | §6.1.2, §6.2.2 |
//! | [`authenticator`] | [`Authenticator`]: CTAP requests in, replies out, with passkeys of a store | §6 |
//! | [`ctap_authenticator`] | [`CtapAuthenticator`]: the same by an authenticator that the app has already | §6 |
//! | [`linked`] | [`LinkedCall`]: being asked again without a code | §11.5.2 |
//! | [`store`] | where passkeys are kept: in memory, in a file, or in the app's own keystore | |
//! | [`phone`](mod@phone) | [`Phone`]: a session from the code to the last reply | §11.5.1 |
//!
//! It needs a tokio runtime with IO and time. Nothing is signed, made or told before the [`Approver`] has been asked.

pub mod advertiser;
pub mod approver;
pub mod authenticator;
mod ctap;
pub mod ctap_authenticator;
pub mod linked;
pub mod phone;
pub mod scanned;
pub mod store;

pub use advertiser::{AdvertiseError, Advertiser};
pub use approver::{Account, Approver, Ask, Decision, Operation};
pub use authenticator::Authenticator;
pub use ctap_authenticator::{Asking, CtapAuthenticator};
pub use hawser_proto::{Channel, Hint, Invitation, QrError, SessionError, StartError};
pub use hawser_tunnel::{Dialer, DialerError, OpenError, TunnelError};
pub use hawser_wire::{DomainError, RoutingId, TunnelDomain};
pub use linked::LinkedCall;
pub use phone::{Answer, Ending, Limits, Phone, PhoneError, PhoneOutcome, Progress, Stage};
pub use scanned::ScannedQr;
