//! How far a laptop's session has come, and what it makes of a message there.

use hawser_wire::TunnelDomain;

use super::connection_signal::CONNECTION_SIGNAL;
use super::event::LaptopEvent;
use crate::frame::{Frame, FrameKind};
use crate::keys::PrivateKey;
use crate::linking::Link;
use crate::noise::Initiator;
use crate::post_handshake::PostHandshake;
use crate::session::{Channel, SessionError};
use crate::update;

/// Each phase is consumed by the message that ends it.
pub(super) enum Phase {
    Signal(Initiator),
    Handshake(Initiator),
    Introduction(Secure),
    Open(Open),
    Closed,
}

/// After the handshake.
pub(super) struct Secure {
    pub(super) channel: Channel,
    handshake_hash: [u8; 32],
    pub(super) shutdown: Shutdown,
}

/// Who has said that the session is over.
#[derive(Default)]
pub(super) struct Shutdown {
    pub(super) sent: bool,
    received: bool,
}

/// After the phone's introduction.
pub(super) struct Open {
    secure: Secure,
    ctap: bool,
    json: bool,
    /// The type of the request that has no reply yet.
    outstanding: Option<FrameKind>,
}

/// What it takes to verify an offer to link.
pub(super) struct Linker {
    pub(super) key: PrivateKey,
    pub(super) domain: TunnelDomain,
}

type Next = (Phase, Option<LaptopEvent>);

impl Phase {
    pub(super) fn receive(
        self,
        message: &[u8],
        linker: Option<&Linker>,
    ) -> Result<Next, SessionError> {
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

    pub(super) fn secure(&mut self) -> Result<&mut Secure, SessionError> {
        match self {
            Self::Signal(_) | Self::Handshake(_) => Err(SessionError::NotReady),
            Self::Introduction(secure) | Self::Open(Open { secure, .. }) => Ok(secure),
            Self::Closed => Err(SessionError::Closed),
        }
    }

    pub(super) fn open(&mut self) -> Result<&mut Open, SessionError> {
        match self {
            Self::Open(open) => Ok(open),
            Self::Closed => Err(SessionError::Closed),
            _ => Err(SessionError::NotReady),
        }
    }

    pub(super) const fn name(&self) -> &'static str {
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
    pub(super) fn request(
        &mut self,
        kind: FrameKind,
        payload: &[u8],
    ) -> Result<Vec<u8>, SessionError> {
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
