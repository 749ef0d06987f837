//! How far a phone's session has come, and what it makes of a message there.

use super::event::PhoneEvent;
use super::hello::PhoneHello;
use crate::cbor;
use crate::frame::{Frame, FrameKind};
use crate::keys::PublicKey;
use crate::noise::Responder;
use crate::session::{Channel, SessionError, Step};
use crate::update::{self, UpdateError};

/// Each phase is consumed by the message that ends it.
pub(super) enum Phase {
    Handshake(Box<Waiting>),
    Open(Open),
    Closed,
}

pub(super) struct Waiting {
    pub(super) responder: Responder,
    pub(super) hello: PhoneHello,
    /// The public key in the QR code; `None` in a linked session.
    pub(super) laptop: Option<PublicKey>,
}

/// After the handshake.
pub(super) struct Open {
    pub(super) channel: Channel,
    ctap: bool,
    json: bool,
    /// The type of the request that has no response yet.
    outstanding: Option<FrameKind>,
    shut_down: bool,
}

impl Phase {
    pub(super) fn open(&mut self) -> Result<&mut Open, SessionError> {
        match self {
            Self::Handshake(_) => Err(SessionError::NotReady),
            Self::Open(open) => Ok(open),
            Self::Closed => Err(SessionError::Closed),
        }
    }

    pub(super) const fn name(&self) -> &'static str {
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
    pub(super) fn handshake(
        self,
        message: &[u8],
    ) -> Result<(Phase, Step<PhoneEvent>), SessionError> {
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
    pub(super) fn frame(&mut self, frame: Frame) -> Result<Option<PhoneEvent>, SessionError> {
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

    pub(super) fn respond(
        &mut self,
        kind: FrameKind,
        payload: &[u8],
    ) -> Result<Vec<u8>, SessionError> {
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
