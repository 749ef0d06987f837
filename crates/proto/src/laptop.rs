//! The laptop's session: from the advert to the reply.

use std::fmt;
use std::mem;

use hawser_wire::TunnelDomain;
use rand_core::CryptoRngCore;

use crate::advert::Advert;
use crate::frame::{Frame, FrameKind};
use crate::keys::PrivateKey;
use crate::linked_advert::LinkedAdvert;
use crate::linking::Link;
use crate::noise::{Initiator, StartError};
use crate::post_handshake::PostHandshake;
use crate::qr::LaptopInvitation;
use crate::session::{Channel, SessionError, Step};
use crate::update;

/// The one byte that a tunnel service sends, unencrypted, when a linked phone has joined.
pub const CONNECTION_SIGNAL: [u8; 1] = [0];

/// Whether the tunnel service is yet to announce the phone.
///
/// Only a service that was asked to, and said in its answer that it will, sends the signal; see
/// `SIGNAL_CONNECTION` in `hawser_wire::header`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionSignal {
    /// The next message must be [`CONNECTION_SIGNAL`].
    Expected,
    /// It was not asked for, or has been received already.
    NotExpected,
}

/// A laptop's side of one tunnel (CTAP 2.2 §11.5).
///
/// Give every message of the tunnel to [`receive`](Self::receive). After
/// [`Ready`](LaptopEvent::Ready), send one request, wait for its reply, then send what
/// [`shutdown`](Self::shutdown) gives: a phone shows an error when its laptop vanishes without it.
/// A phone may offer to link at any time after the handshake, even after the shutdown.
pub struct LaptopSession {
    phase: Phase,
    /// `None` in a linked session: there is no linking again.
    linker: Option<Linker>,
}

/// What a laptop learns from a message.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LaptopEvent {
    /// The tunnel service has announced the phone; the handshake goes on.
    PhoneJoined,
    /// The phone has introduced itself: requests can be sent.
    Ready(PostHandshake),
    /// The reply to a CTAP request: a status byte, then CBOR (CTAP 2.2 §8.2).
    Reply(Vec<u8>),
    /// The reply to a JSON request.
    JsonReply(Vec<u8>),
    /// The phone offers to be reached without a QR code from now on, and has proved that it is the
    /// phone of this session. Storing it is the app's decision.
    Linked(Link),
    /// The phone offered to link, but the offer is malformed or its signature does not verify.
    /// Store nothing; the session goes on, since the reply does not depend on it.
    LinkRejected,
    /// The phone needs the session no more. It does not close the tunnel by this.
    PhoneShutdown,
}

impl LaptopSession {
    /// Starts behind a QR code, once its advert has been seen. Gives the first message for the phone.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(
        invitation: &LaptopInvitation,
        advert: &Advert,
        rng: &mut impl CryptoRngCore,
    ) -> Result<(Self, Vec<u8>), StartError> {
        let psk = invitation.invitation().secret().psk(advert);
        let own = invitation.private_key();
        let (initiator, message) = Initiator::qr(&psk, own, rng)?;
        let session = Self {
            phase: Phase::Handshake(initiator),
            linker: Some(Linker {
                key: own.clone(),
                domain: advert.domain(),
            }),
        };
        Ok((session, message))
    }

    /// Starts behind a link, once its advert has been seen. Gives the first message for the phone,
    /// which can be sent before the phone has joined.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start_linked(
        link: &Link,
        advert: &LinkedAdvert,
        signal: ConnectionSignal,
        rng: &mut impl CryptoRngCore,
    ) -> Result<(Self, Vec<u8>), StartError> {
        let psk = link.secret.psk(advert);
        let (initiator, message) = Initiator::linked(&psk, &link.public_key, rng)?;
        let phase = match signal {
            ConnectionSignal::Expected => Phase::Signal(initiator),
            ConnectionSignal::NotExpected => Phase::Handshake(initiator),
        };
        let session = Self {
            phase,
            linker: None,
        };
        Ok((session, message))
    }

    /// Takes the next message of the tunnel.
    ///
    /// # Errors
    /// [`SessionError`]: the session has ended, close the tunnel. Every later call gives
    /// [`SessionError::Closed`].
    pub fn receive(&mut self, message: &[u8]) -> Result<Step<LaptopEvent>, SessionError> {
        // Closed until the message has proved good.
        let phase = mem::replace(&mut self.phase, Phase::Closed);
        let (phase, event) = phase.receive(message, self.linker.as_ref())?;
        self.phase = phase;
        Ok(Step::new(event))
    }

    /// Gives the message for a CTAP request: a command byte, then CBOR (CTAP 2.2 §8.2).
    ///
    /// # Errors
    /// [`SessionError`]; nothing is to be sent then, and the session is as it was.
    pub fn request(&mut self, ctap: &[u8]) -> Result<Vec<u8>, SessionError> {
        self.phase.open()?.request(FrameKind::Ctap, ctap)
    }

    /// Gives the message for a JSON request (CTAP 2.3: digital credentials), in UTF-8.
    ///
    /// # Errors
    /// [`SessionError`]; nothing is to be sent then, and the session is as it was.
    pub fn request_json(&mut self, json: &[u8]) -> Result<Vec<u8>, SessionError> {
        self.phase.open()?.request(FrameKind::Json, json)
    }

    /// Gives the message that tells the phone to close: after the reply, or to give up before it.
    ///
    /// A reply that crosses it on the way is still reported.
    ///
    /// # Errors
    /// [`SessionError::NotReady`] before the handshake is done (just close the tunnel),
    /// [`SessionError::ShutDown`] the second time, [`SessionError::Closed`] after an error.
    pub fn shutdown(&mut self) -> Result<Vec<u8>, SessionError> {
        let secure = self.phase.secure()?;
        if secure.shutdown.sent {
            return Err(SessionError::ShutDown);
        }
        let message = secure.channel.send(FrameKind::Shutdown, &[])?;
        secure.shutdown.sent = true;
        Ok(message)
    }
}

/// Shows the phase, nothing else.
impl fmt::Debug for LaptopSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LaptopSession({})", self.phase.name())
    }
}

/// Shows the length of a reply, never the reply.
impl fmt::Debug for LaptopEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PhoneJoined => f.write_str("PhoneJoined"),
            Self::Ready(phone) => f.debug_tuple("Ready").field(phone).finish(),
            Self::Reply(reply) => write!(f, "Reply({} bytes)", reply.len()),
            Self::JsonReply(reply) => write!(f, "JsonReply({} bytes)", reply.len()),
            Self::Linked(_) => f.write_str("Linked(..)"),
            Self::LinkRejected => f.write_str("LinkRejected"),
            Self::PhoneShutdown => f.write_str("PhoneShutdown"),
        }
    }
}

/// Each phase is consumed by the message that ends it.
enum Phase {
    Signal(Initiator),
    Handshake(Initiator),
    Introduction(Secure),
    Open(Open),
    Closed,
}

/// After the handshake.
struct Secure {
    channel: Channel,
    handshake_hash: [u8; 32],
    shutdown: Shutdown,
}

/// Who has said that the session is over.
#[derive(Default)]
struct Shutdown {
    sent: bool,
    received: bool,
}

/// After the phone's introduction.
struct Open {
    secure: Secure,
    ctap: bool,
    json: bool,
    /// The type of the request that has no reply yet.
    outstanding: Option<FrameKind>,
}

/// What it takes to verify an offer to link.
struct Linker {
    key: PrivateKey,
    domain: TunnelDomain,
}

type Next = (Phase, Option<LaptopEvent>);

impl Phase {
    fn receive(self, message: &[u8], linker: Option<&Linker>) -> Result<Next, SessionError> {
        match self {
            Self::Signal(initiator) => {
                if message != CONNECTION_SIGNAL {
                    let len = message.len();
                    return Err(SessionError::ConnectionSignal { len });
                }
                Ok((Self::Handshake(initiator), Some(LaptopEvent::PhoneJoined)))
            }
            Self::Handshake(initiator) => {
                let secured = initiator.finish(message).map_err(SessionError::Handshake)?;
                let secure = Secure {
                    handshake_hash: *secured.handshake_hash(),
                    channel: Channel::new(secured),
                    shutdown: Shutdown::default(),
                };
                Ok((Self::Introduction(secure), None))
            }
            Self::Introduction(secure) => secure.introduction(message, linker),
            Self::Open(mut open) => {
                let frame = open.secure.channel.receive(message)?;
                let event = open.frame(frame, linker)?;
                Ok((Self::Open(open), event))
            }
            Self::Closed => Err(SessionError::Closed),
        }
    }

    fn secure(&mut self) -> Result<&mut Secure, SessionError> {
        match self {
            Self::Signal(_) | Self::Handshake(_) => Err(SessionError::NotReady),
            Self::Introduction(secure) | Self::Open(Open { secure, .. }) => Ok(secure),
            Self::Closed => Err(SessionError::Closed),
        }
    }

    fn open(&mut self) -> Result<&mut Open, SessionError> {
        match self {
            Self::Open(open) => Ok(open),
            Self::Closed => Err(SessionError::Closed),
            _ => Err(SessionError::NotReady),
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Signal(_) => "waiting for the connection signal",
            Self::Handshake(_) => "waiting for the handshake",
            Self::Introduction(_) => "waiting for the introduction",
            Self::Open(Open { outstanding, .. }) => match outstanding {
                Some(_) => "waiting for a reply",
                None => "open",
            },
            Self::Closed => "closed",
        }
    }
}

impl Secure {
    fn introduction(
        mut self,
        message: &[u8],
        linker: Option<&Linker>,
    ) -> Result<Next, SessionError> {
        let plaintext = self.channel.receive_plain(message)?;
        let (phone, linking) =
            PostHandshake::decode(&plaintext).map_err(SessionError::PostHandshake)?;
        let link = linker
            .zip(linking)
            .and_then(|(linker, linking)| linker.verify(linking, &self.handshake_hash));
        let open = Open {
            secure: self,
            ctap: phone.offers_ctap(),
            json: phone.offers_json(),
            outstanding: None,
        };
        let ready = LaptopEvent::Ready(phone.with_link(link));
        Ok((Phase::Open(open), Some(ready)))
    }
}

impl Open {
    fn request(&mut self, kind: FrameKind, payload: &[u8]) -> Result<Vec<u8>, SessionError> {
        let offered = match kind {
            FrameKind::Json => self.json,
            _ => self.ctap,
        };
        if self.secure.shutdown.sent || self.secure.shutdown.received {
            Err(SessionError::ShutDown)
        } else if self.outstanding.is_some() {
            Err(SessionError::Busy)
        } else if !offered {
            Err(SessionError::NotOffered(kind))
        } else if payload.is_empty() {
            Err(SessionError::Empty)
        } else {
            let message = self.secure.channel.send(kind, payload)?;
            self.outstanding = Some(kind);
            Ok(message)
        }
    }

    fn frame(
        &mut self,
        frame: Frame,
        linker: Option<&Linker>,
    ) -> Result<Option<LaptopEvent>, SessionError> {
        let received = frame.kind();
        match received {
            FrameKind::Ctap | FrameKind::Json => {
                let requested = self
                    .outstanding
                    .take()
                    .ok_or(SessionError::Unexpected(received))?;
                if requested != received {
                    let reply = received;
                    return Err(SessionError::WrongReply { requested, reply });
                }
                let reply = frame.into_payload();
                Ok(Some(match received {
                    FrameKind::Json => LaptopEvent::JsonReply(reply),
                    _ => LaptopEvent::Reply(reply),
                }))
            }
            FrameKind::Update => {
                let linking = update::decode(frame.payload()).map_err(SessionError::Update)?;
                // A linked session has no linker: its updates change nothing.
                Ok(linker.zip(linking).map(|(linker, linking)| {
                    linker
                        .verify(linking, &self.secure.handshake_hash)
                        .map_or(LaptopEvent::LinkRejected, LaptopEvent::Linked)
                }))
            }
            // Only laptops have a shutdown to send, and browsers log one from a phone as an error;
            // but a phone library in the field sends one behind its reply, where it does no harm.
            // In place of a reply it means that there will be none.
            FrameKind::Shutdown if self.outstanding.is_some() && !self.secure.shutdown.sent => {
                Err(SessionError::Unexpected(received))
            }
            FrameKind::Shutdown => {
                self.secure.shutdown.received = true;
                Ok(Some(LaptopEvent::PhoneShutdown))
            }
        }
    }
}

impl Linker {
    fn verify(&self, linking: &[u8], handshake_hash: &[u8; 32]) -> Option<Link> {
        Link::verify(linking, &self.key, handshake_hash, self.domain).ok()
    }
}
