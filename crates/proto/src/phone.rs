//! The phone's session: from the scanned code to the response.

mod event;
mod hello;
mod phase;

use std::fmt;
use std::mem;

use rand_core::CryptoRngCore;

use crate::advert::Advert;
use crate::frame::FrameKind;
use crate::keys::PrivateKey;
use crate::linked_advert::LinkedAdvert;
use crate::noise::{Responder, StartError};
use crate::qr::Invitation;
use crate::secret::LinkSecret;
use crate::session::{SessionError, Step};

use phase::{Phase, Waiting};

pub use event::PhoneEvent;
pub use hello::PhoneHello;

/// A phone's side of one tunnel (CTAP 2.2 §11.5).
///
/// Give every message of the tunnel to [`receive`](Self::receive) and send what it gives. Stop
/// advertising at [`Ready`](PhoneEvent::Ready). After the response wait for
/// [`Shutdown`](PhoneEvent::Shutdown), or for the tunnel to close, and close it: a phone has no
/// shutdown to send, and browsers take one for an error.
pub struct PhoneSession {
    phase: Phase,
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
