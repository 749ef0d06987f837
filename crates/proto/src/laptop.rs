//! The laptop's session: from the advert to the reply.

mod connection_signal;
mod event;
mod phase;

use std::fmt;
use std::mem;

use rand_core::CryptoRngCore;

use crate::advert::Advert;
use crate::frame::FrameKind;
use crate::linked_advert::LinkedAdvert;
use crate::linking::Link;
use crate::noise::{Initiator, StartError};
use crate::qr::LaptopInvitation;
use crate::session::{SessionError, Step};

use phase::{Linker, Phase};

pub use connection_signal::{CONNECTION_SIGNAL, ConnectionSignal};
pub use event::LaptopEvent;

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
