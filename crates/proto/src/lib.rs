//! The FIDO hybrid protocol without IO: QR codes, adverts, Noise, the record layer and both sessions.
//!
//! A laptop shows a QR code, a phone scans it and proves over Bluetooth that it is near, and the two
//! speak CTAP through a tunnel service that can read nothing (CTAP 2.2 §11.5, also known as caBLE v2).
//! This crate has everything of that but sockets, radios, clocks and the meaning of CTAP: bytes, times
//! and random numbers come in as arguments, values come out. Apps use `hawser-laptop` and
//! `hawser-phone`, which add the rest.
//!
//! # Both sides of a session
//!
//! ```
//! use hawser_proto::{
//!     Advert, Hint, Invitation, LaptopEvent, LaptopInvitation, LaptopSession, OsRng, PhoneEvent,
//!     PhoneHello, PhoneSession, PostHandshake,
//! };
//! use hawser_wire::{RoutingId, TunnelDomain};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let rng = &mut OsRng;
//! // The laptop shows a code.
//! let shown = LaptopInvitation::new(rng, Hint::GetAssertion, None, false)?;
//! let uri = shown.invitation().to_uri();
//!
//! // The phone scans it, opens `scanned.tunnel_id()` at its tunnel service, and advertises.
//! let scanned = Invitation::parse(&uri)?;
//! let routing_id = RoutingId::from_bytes([0, 0, 7]);
//! let advert = Advert::new(rng, routing_id, TunnelDomain::from_id(0xF980)?)?;
//! let on_air = advert.seal(&scanned.eid_key());
//! let hello = PhoneHello::new(PostHandshake::ctap([0xA0]));
//! let mut phone = PhoneSession::new(&scanned, &advert, hello, rng)?;
//!
//! // The laptop hears it and joins the tunnel.
//! let heard = Advert::open(&shown.invitation().eid_key(), &on_air).ok_or("somebody else's")?;
//! let (mut laptop, message) = LaptopSession::start(&shown, &heard, rng)?;
//!
//! // What one receives, the other has sent: handshake, introduction, an update of constant length.
//! let step = phone.receive(&message)?;
//! assert_eq!(step.event, Some(PhoneEvent::Ready));
//! let mut ready = false;
//! for message in &step.send {
//!     ready |= matches!(laptop.receive(message)?.event, Some(LaptopEvent::Ready(_)));
//! }
//! assert!(ready);
//!
//! // One request, one reply, one goodbye.
//! let event = phone.receive(&laptop.request(&[2, 0xA0])?)?.event;
//! assert_eq!(event, Some(PhoneEvent::Request(vec![2, 0xA0])));
//! let event = laptop.receive(&phone.respond(&[0x2E])?)?.event;
//! assert_eq!(event, Some(LaptopEvent::Reply(vec![0x2E])));
//! let event = phone.receive(&laptop.shutdown()?)?.event;
//! assert_eq!(event, Some(PhoneEvent::Shutdown));
//! # Ok(())
//! # }
//! ```
//!
//! # The sessions as state machines
//!
//! ```text
//! LaptopSession                                    PhoneSession
//!
//!   start_linked        start                        new, new_linked
//!        │                │                               │
//!   connection signal     │                               │ handshake message
//!        ▼                ▼                               ▼
//!   ┌───────────────────────────┐                    ┌─────────┐  request
//!   │ waiting for the handshake │                    │  open   │──────────┐
//!   └───────────────────────────┘                    └─────────┘          ▼
//!        │ handshake message                           │     ▲  waiting for the response
//!        ▼                                    Shutdown │     └──────────┘
//!   waiting for the introduction                       ▼        respond
//!        │ Ready                                     shut down
//!        ▼
//!   ┌─────────┐ request ┌─────────────────────┐
//!   │  open   │────────▶│ waiting for a reply │      Any error of `receive` ends
//!   └─────────┘◀────────└─────────────────────┘      either session: closed.
//!        │        Reply
//!        ▼ shutdown: late updates are still read
//! ```
//!
//! # Modules
//!
//! | module | what it holds | in the specification |
//! |---|---|---|
//! | [`qr`] | [`Invitation`], [`LaptopInvitation`] | §11.5.1 |
//! | [`advert`], [`linked_advert`] | what goes over Bluetooth | §11.5.1, §11.5.2 |
//! | [`key_schedule`], [`keys`], [`secret`] | from secrets to keys | §11.5.1 |
//! | [`noise`] | the handshake | §11.5.1 |
//! | [`record`], [`padding`], [`frame`] | encrypted messages, from the outside in | §11.5.1 |
//! | [`post_handshake`], [`update`] | what a phone says unasked | §11.5.1 |
//! | [`linking`], [`linked_request`] | being asked again without a QR code | §11.5.2 |
//! | [`session`], [`laptop`], [`phone`] | all of it in the right order | §11.5 |

pub mod advert;
mod cbor;
mod derived;
pub mod frame;
pub mod key_schedule;
pub mod keys;
pub mod laptop;
pub mod linked_advert;
pub mod linked_request;
pub mod linking;
pub mod noise;
pub mod padding;
pub mod phone;
pub mod post_handshake;
pub mod qr;
mod random;
pub mod record;
pub mod secret;
pub mod session;
pub mod update;

pub use advert::{Advert, LEGACY_SERVICE_UUID, SERVICE_UUID};
pub use cbor::CborError;
pub use keys::{KeyError, PrivateKey, PublicKey};
pub use laptop::{ConnectionSignal, LaptopEvent, LaptopSession};
pub use linked_advert::LinkedAdvert;
pub use linked_request::LinkedRequest;
pub use linking::{Link, LinkError, LinkId, LinkingOffer};
pub use noise::StartError;
pub use phone::{PhoneEvent, PhoneHello, PhoneSession};
pub use post_handshake::PostHandshake;
pub use qr::{Channel, Hint, Invitation, LaptopInvitation, QrError};
pub use rand_core::{self, OsRng};
pub use random::RngError;
pub use secret::{
    ContactSecret, EidKey, LinkSecret, LinkSecretLength, Psk, QrSecret, RootSecret, SharedSecret,
};
pub use session::{SessionError, Step};
