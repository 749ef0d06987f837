//! The Noise handshake (CTAP 2.2 §11.5): `Noise_KNpsk0_P256_AESGCM_SHA256` behind a QR code,
//! `Noise_NKpsk0_P256_AESGCM_SHA256` behind a link.
//!
//! Two messages of [`MESSAGE_LEN`] bytes, each an ephemeral public key and a tag. The laptop is the
//! [`Initiator`], the phone the [`Responder`]; each is consumed by the message that ends its part,
//! so nothing can be sent early or handled twice. Most apps want [`LaptopSession`] and
//! [`PhoneSession`]; this module is public for tools and tests.
//!
//! The handshake itself is `snow`'s. What is ours is the curve it uses, which cannot panic, and the
//! checks in front of it: the length, and that the peer's key is a point of the curve, which `snow`
//! notices in KN only after it has accepted the message.
//!
//! Keys that this crate holds are erased when they drop. `snow` does not erase its chaining key, so
//! do not keep an unfinished handshake for longer than it is needed.
//!
//! [`LaptopSession`]: crate::LaptopSession
//! [`PhoneSession`]: crate::PhoneSession

mod resolver;

use std::fmt;

use rand_core::CryptoRngCore;
use snow::{Builder, HandshakeState};
use zeroize::Zeroize as _;

use crate::keys::{KeyError, PrivateKey, PublicKey};
use crate::random::RngError;
use crate::record::{Opener, Sealer, TrafficKey};
use crate::secret::Psk;
use resolver::Resolver;

/// Length of both handshake messages: a public key and an AES-GCM tag.
pub const MESSAGE_LEN: usize = PublicKey::LEN + 16;

/// Why a handshake could not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The random number generator failed, or gave unusable bytes every time.
    #[error("the random number generator gives no usable key")]
    Rng,
    /// The Noise library refused what this crate gave it: a bug of this crate.
    #[error("the Noise library refused to start")]
    Internal,
}

impl From<RngError> for StartError {
    fn from(_: RngError) -> Self {
        Self::Rng
    }
}

/// Why a handshake message was refused. There is no second try: the tunnel is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoiseError {
    /// The message has the wrong length.
    #[error("handshake message has {found} bytes, not {MESSAGE_LEN}")]
    Length {
        /// Bytes that the message has.
        found: usize,
    },
    /// The message does not start with a P-256 public key.
    #[error("handshake message has no valid public key")]
    PublicKey(#[source] KeyError),
    /// The message does not authenticate: the peer has another QR code, advert or link, or
    /// somebody altered the message.
    #[error("handshake message does not authenticate")]
    Decrypt,
    /// The Noise library refused what this crate gave it: a bug of this crate.
    #[error("the Noise library refused to go on")]
    Internal,
}

/// The laptop, waiting for the phone's message.
pub struct Initiator(Box<HandshakeState>);

impl Initiator {
    /// Begins behind a QR code. `own` is the private key whose public half the code shows.
    ///
    /// Gives the message for the phone too.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn qr(
        psk: &Psk,
        own: &PrivateKey,
        rng: &mut impl CryptoRngCore,
    ) -> Result<(Self, Vec<u8>), StartError> {
        let state = builder(Flow::Qr, psk, rng)?
            .local_private_key(own.expose())
            .and_then(Builder::build_initiator);
        Self::begin(state)
    }

    /// Begins behind a link. `phone` is the public key in the link.
    ///
    /// Gives the message for the phone too.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn linked(
        psk: &Psk,
        phone: &PublicKey,
        rng: &mut impl CryptoRngCore,
    ) -> Result<(Self, Vec<u8>), StartError> {
        let state = builder(Flow::Linked, psk, rng)?
            .remote_public_key(phone.as_bytes())
            .and_then(Builder::build_initiator);
        Self::begin(state)
    }

    /// Ends the handshake with the phone's message.
    ///
    /// # Errors
    /// [`NoiseError`].
    pub fn finish(mut self, message: &[u8]) -> Result<Secured, NoiseError> {
        read(&mut self.0, message)?;
        Secured::new(self.0, Role::Laptop)
    }

    fn begin(state: Result<HandshakeState, snow::Error>) -> Result<(Self, Vec<u8>), StartError> {
        let mut state = state.map_err(|_| StartError::Internal)?;
        let message = write(&mut state).ok_or(StartError::Internal)?;
        Ok((Self(Box::new(state)), message))
    }
}

/// The phone, waiting for the laptop's message.
pub struct Responder(Box<HandshakeState>);

impl Responder {
    /// Waits behind a QR code. `laptop` is the public key in the code.
    ///
    /// The ephemeral key is drawn now, so that no random number generator is needed later.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn qr(
        psk: &Psk,
        laptop: &PublicKey,
        rng: &mut impl CryptoRngCore,
    ) -> Result<Self, StartError> {
        builder(Flow::Qr, psk, rng)?
            .remote_public_key(laptop.as_bytes())
            .and_then(Builder::build_responder)
            .map(|state| Self(Box::new(state)))
            .map_err(|_| StartError::Internal)
    }

    /// Waits behind a link. `own` is the private key whose public half the link holds.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn linked(
        psk: &Psk,
        own: &PrivateKey,
        rng: &mut impl CryptoRngCore,
    ) -> Result<Self, StartError> {
        builder(Flow::Linked, psk, rng)?
            .local_private_key(own.expose())
            .and_then(Builder::build_responder)
            .map(|state| Self(Box::new(state)))
            .map_err(|_| StartError::Internal)
    }

    /// Ends the handshake with the laptop's message. Gives the message for the laptop too.
    ///
    /// # Errors
    /// [`NoiseError`]; nothing is sent then.
    pub fn finish(mut self, message: &[u8]) -> Result<(Secured, Vec<u8>), NoiseError> {
        read(&mut self.0, message)?;
        let answer = write(&mut self.0).ok_or(NoiseError::Internal)?;
        Ok((Secured::new(self.0, Role::Phone)?, answer))
    }
}

/// What both sides have when the handshake is done.
pub struct Secured {
    role: Role,
    hash: [u8; 32],
    laptop_to_phone: TrafficKey,
    phone_to_laptop: TrafficKey,
}

impl Secured {
    /// The handshake hash: the same on both sides of this handshake and of no other. It is what a
    /// phone signs when it links. Not a secret.
    #[must_use]
    pub const fn handshake_hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// The key of what the laptop sends.
    #[must_use]
    pub const fn laptop_to_phone(&self) -> &TrafficKey {
        &self.laptop_to_phone
    }

    /// The key of what the phone sends.
    #[must_use]
    pub const fn phone_to_laptop(&self) -> &TrafficKey {
        &self.phone_to_laptop
    }

    /// The record layer of this side. Consumes the keys, because a second sealer for a key would
    /// repeat its nonces.
    #[must_use]
    pub fn into_records(self) -> (Sealer, Opener) {
        let (own, peer) = match self.role {
            Role::Laptop => (&self.laptop_to_phone, &self.phone_to_laptop),
            Role::Phone => (&self.phone_to_laptop, &self.laptop_to_phone),
        };
        (Sealer::new(own), Opener::new(peer))
    }

    fn new(mut state: Box<HandshakeState>, role: Role) -> Result<Self, NoiseError> {
        if !state.is_handshake_finished() {
            return Err(NoiseError::Internal);
        }
        let hash = state
            .get_handshake_hash()
            .try_into()
            .map_err(|_| NoiseError::Internal)?;
        let (mut laptop_to_phone, mut phone_to_laptop) = state.dangerously_get_raw_split();
        let secured = Self {
            role,
            hash,
            laptop_to_phone: TrafficKey::from_bytes(laptop_to_phone),
            phone_to_laptop: TrafficKey::from_bytes(phone_to_laptop),
        };
        laptop_to_phone.zeroize();
        phone_to_laptop.zeroize();
        // The one secret in there that can be overwritten.
        let overwritten = state.set_psk(0, &[0; Psk::LEN]);
        debug_assert_eq!(overwritten, Ok(()));
        Ok(secured)
    }
}

impl fmt::Debug for Initiator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Initiator(..)")
    }
}

impl fmt::Debug for Responder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Responder(..)")
    }
}

impl fmt::Debug for Secured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secured({:?}, ..)", self.role)
    }
}

#[derive(Debug, Clone, Copy)]
enum Role {
    Laptop,
    Phone,
}

#[derive(Debug, Clone, Copy)]
enum Flow {
    Qr,
    Linked,
}

impl Flow {
    const fn name(self) -> &'static str {
        match self {
            Self::Qr => "Noise_KNpsk0_P256_AESGCM_SHA256",
            Self::Linked => "Noise_NKpsk0_P256_AESGCM_SHA256",
        }
    }

    const fn prologue(self) -> &'static [u8] {
        match self {
            Self::Qr => &[1],
            Self::Linked => &[0],
        }
    }
}

fn builder<'a>(
    flow: Flow,
    psk: &'a Psk,
    rng: &mut impl CryptoRngCore,
) -> Result<Builder<'a>, StartError> {
    let ephemeral = PrivateKey::generate(rng)?;
    let parameters = flow.name().parse().map_err(|_| StartError::Internal)?;
    Builder::with_resolver(parameters, Box::new(Resolver { ephemeral }))
        .prologue(flow.prologue())
        .and_then(|builder| builder.psk(0, psk.expose()))
        .map_err(|_| StartError::Internal)
}

fn write(state: &mut HandshakeState) -> Option<Vec<u8>> {
    let mut message = vec![0; MESSAGE_LEN];
    let written = state.write_message(&[], &mut message).ok()?;
    (written == MESSAGE_LEN).then_some(message)
}

fn read(state: &mut HandshakeState, message: &[u8]) -> Result<(), NoiseError> {
    let found = message.len();
    let key = message
        .get(..PublicKey::LEN)
        .filter(|_| found == MESSAGE_LEN)
        .ok_or(NoiseError::Length { found })?;
    PublicKey::from_uncompressed(key).map_err(NoiseError::PublicKey)?;
    // The length leaves room for a tag only, so the payload is empty.
    match state.read_message(message, &mut []) {
        Ok(_) => Ok(()),
        Err(snow::Error::Decrypt) => Err(NoiseError::Decrypt),
        Err(_) => Err(NoiseError::Internal),
    }
}

#[cfg(test)]
mod tests;
