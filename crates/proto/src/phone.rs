//! The phone's session: from the scanned code to the response.

use std::fmt;
use std::mem;

use rand_core::CryptoRngCore;

use crate::advert::Advert;
use crate::cbor;
use crate::frame::{Frame, FrameKind};
use crate::keys::{PrivateKey, PublicKey};
use crate::linked_advert::LinkedAdvert;
use crate::linking::LinkingOffer;
use crate::noise::{Responder, StartError};
use crate::post_handshake::PostHandshake;
use crate::qr::Invitation;
use crate::secret::LinkSecret;
use crate::session::{Channel, SessionError, Step};
use crate::update::{self, UpdateError};

/// A phone's side of one tunnel (CTAP 2.2 §11.5).
///
/// Give every message of the tunnel to [`receive`](Self::receive) and send what it gives. Stop
/// advertising at [`Ready`](PhoneEvent::Ready). After the response wait for
/// [`Shutdown`](PhoneEvent::Shutdown), or for the tunnel to close, and close it: a phone has no
/// shutdown to send, and browsers take one for an error.
pub struct PhoneSession {
    phase: Phase,
}

/// What a phone tells the laptop after the handshake.
#[derive(Debug, Clone)]
pub struct PhoneHello {
    introduction: PostHandshake,
    offer: Option<LinkingOffer>,
}

/// What a phone learns from a message.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PhoneEvent {
    /// The laptop has proved that it showed the QR code, or has the link: stop advertising.
    Ready,
    /// A CTAP request: a command byte, then CBOR (CTAP 2.2 §8.2). It waits for
    /// [`respond`](PhoneSession::respond).
    Request(Vec<u8>),
    /// A JSON request. It waits for [`respond_json`](PhoneSession::respond_json).
    JsonRequest(Vec<u8>),
    /// The laptop needs the session no more: close the tunnel. A request that was waiting is void.
    Shutdown,
}

impl PhoneHello {
    /// What the phone offers, without an offer to link.
    #[must_use]
    pub const fn new(introduction: PostHandshake) -> Self {
        Self {
            introduction,
            offer: None,
        }
    }

    /// Offers to link too. A linked session leaves the offer out: it is linked already.
    ///
    /// # Errors
    /// [`UpdateError::LinkingTooLong`] when the offer does not fit the constant length of the
    /// update that carries it.
    pub fn with_linking(self, offer: LinkingOffer) -> Result<Self, UpdateError> {
        let len = offer.encoded_len();
        if len > update::MAX_LINKING_LEN {
            return Err(UpdateError::LinkingTooLong { len });
        }
        Ok(Self {
            offer: Some(offer),
            ..self
        })
    }
}

impl PhoneSession {
    /// Waits for the laptop that showed the QR code.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn new(
        invitation: &Invitation,
        advert: &Advert,
        hello: PhoneHello,
        rng: &mut impl CryptoRngCore,
    ) -> Result<Self, StartError> {
        let psk = invitation.secret().psk(advert);
        let laptop = *invitation.public_key();
        Ok(Self {
            phase: Phase::Handshake(Box::new(Waiting {
                responder: Responder::qr(&psk, &laptop, rng)?,
                hello,
                laptop: Some(laptop),
            })),
        })
    }

    /// Waits for a linked laptop. `identity` is the private key whose public half the link holds.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn new_linked(
        secret: &LinkSecret,
        identity: &PrivateKey,
        advert: &LinkedAdvert,
        hello: PhoneHello,
        rng: &mut impl CryptoRngCore,
    ) -> Result<Self, StartError> {
        let psk = secret.psk(advert);
        Ok(Self {
            phase: Phase::Handshake(Box::new(Waiting {
                responder: Responder::linked(&psk, identity, rng)?,
                hello,
                laptop: None,
            })),
        })
    }

    /// Takes the next message of the tunnel. The first gives everything that the phone has to say
    /// before it is asked: the handshake's answer, the introduction, and behind a QR code an update
    /// of constant length.
    ///
    /// # Errors
    /// [`SessionError`]: the session has ended, close the tunnel and send nothing. Every later call
    /// gives [`SessionError::Closed`].
    pub fn receive(&mut self, message: &[u8]) -> Result<Step<PhoneEvent>, SessionError> {
        // Closed until the message has proved good.
        let phase = mem::replace(&mut self.phase, Phase::Closed);
        let (phase, step) = match phase {
            Phase::Handshake(waiting) => waiting.handshake(message)?,
            Phase::Open(mut open) => {
                let frame = open.channel.receive(message)?;
                let event = open.frame(frame)?;
                (Phase::Open(open), Step::new(event))
            }
            Phase::Closed => return Err(SessionError::Closed),
        };
        self.phase = phase;
        Ok(step)
    }

    /// Gives the message for the response to a CTAP request: a status byte, then CBOR (CTAP 2.2
    /// §8.2).
    ///
    /// # Errors
    /// [`SessionError`]; nothing is to be sent then, and the session is as it was.
    pub fn respond(&mut self, ctap: &[u8]) -> Result<Vec<u8>, SessionError> {
        self.phase.open()?.respond(FrameKind::Ctap, ctap)
    }

    /// Gives the message for the response to a JSON request, in UTF-8.
    ///
    /// # Errors
    /// [`SessionError`]; nothing is to be sent then, and the session is as it was.
    pub fn respond_json(&mut self, json: &[u8]) -> Result<Vec<u8>, SessionError> {
        self.phase.open()?.respond(FrameKind::Json, json)
    }
}

/// Shows the phase, nothing else.
impl fmt::Debug for PhoneSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneSession({})", self.phase.name())
    }
}

/// Shows the length of a request, never the request.
impl fmt::Debug for PhoneEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => f.write_str("Ready"),
            Self::Request(request) => write!(f, "Request({} bytes)", request.len()),
            Self::JsonRequest(request) => write!(f, "JsonRequest({} bytes)", request.len()),
            Self::Shutdown => f.write_str("Shutdown"),
        }
    }
}

/// Each phase is consumed by the message that ends it.
enum Phase {
    Handshake(Box<Waiting>),
    Open(Open),
    Closed,
}

struct Waiting {
    responder: Responder,
    hello: PhoneHello,
    /// The public key in the QR code; `None` in a linked session.
    laptop: Option<PublicKey>,
}

/// After the handshake.
struct Open {
    channel: Channel,
    ctap: bool,
    json: bool,
    /// The type of the request that has no response yet.
    outstanding: Option<FrameKind>,
    shut_down: bool,
}

impl Phase {
    fn open(&mut self) -> Result<&mut Open, SessionError> {
        match self {
            Self::Handshake(_) => Err(SessionError::NotReady),
            Self::Open(open) => Ok(open),
            Self::Closed => Err(SessionError::Closed),
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Handshake(_) => "waiting for the handshake",
            Self::Open(open) if open.shut_down => "shut down",
            Self::Open(open) if open.outstanding.is_some() => "waiting for the response",
            Self::Open(_) => "open",
            Self::Closed => "closed",
        }
    }
}

impl Waiting {
    fn handshake(self, message: &[u8]) -> Result<(Phase, Step<PhoneEvent>), SessionError> {
        let Self {
            responder,
            hello,
            laptop,
        } = self;
        let (secured, answer) = responder.finish(message).map_err(SessionError::Handshake)?;
        let handshake_hash = *secured.handshake_hash();
        let mut channel = Channel::new(secured);

        let mut send = vec![answer, channel.send_plain(&hello.introduction.encode())?];
        if let Some(laptop) = laptop {
            let linking = hello
                .offer
                .map(|offer| offer.encode(&laptop, &handshake_hash));
            let payload = update::encode(linking.as_ref().map(|linking| &***linking))
                .map_err(SessionError::Update)?;
            send.push(channel.send(FrameKind::Update, &payload)?);
        }
        let open = Open {
            channel,
            ctap: hello.introduction.offers_ctap(),
            json: hello.introduction.offers_json(),
            outstanding: None,
            shut_down: false,
        };
        let step = Step {
            send,
            event: Some(PhoneEvent::Ready),
        };
        Ok((Phase::Open(open), step))
    }
}

impl Open {
    fn frame(&mut self, frame: Frame) -> Result<Option<PhoneEvent>, SessionError> {
        let kind = frame.kind();
        match kind {
            // Reserved: it has no meaning yet, but it must be CBOR.
            FrameKind::Update => cbor::read_map(frame.payload())
                .map(|_| None)
                .map_err(|error| SessionError::Update(UpdateError::Cbor(error))),
            _ if self.shut_down => Err(SessionError::Unexpected(kind)),
            FrameKind::Shutdown => {
                self.shut_down = true;
                self.outstanding = None;
                Ok(Some(PhoneEvent::Shutdown))
            }
            FrameKind::Ctap if self.ctap && self.outstanding.is_none() => {
                self.outstanding = Some(kind);
                Ok(Some(PhoneEvent::Request(frame.into_payload())))
            }
            FrameKind::Json if self.json && self.outstanding.is_none() => {
                self.outstanding = Some(kind);
                Ok(Some(PhoneEvent::JsonRequest(frame.into_payload())))
            }
            FrameKind::Ctap | FrameKind::Json => Err(SessionError::Unexpected(kind)),
        }
    }

    fn respond(&mut self, kind: FrameKind, payload: &[u8]) -> Result<Vec<u8>, SessionError> {
        if self.shut_down {
            return Err(SessionError::ShutDown);
        }
        let requested = self.outstanding.ok_or(SessionError::NoRequest)?;
        if requested != kind {
            return Err(SessionError::WrongReply {
                requested,
                reply: kind,
            });
        }
        if payload.is_empty() {
            return Err(SessionError::Empty);
        }
        let message = self.channel.send(kind, payload)?;
        self.outstanding = None;
        Ok(message)
    }
}
