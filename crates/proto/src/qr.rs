//! The QR code that starts a session (CTAP 2.2 §11.5.1): `FIDO:/` and digits, which are a CBOR map.
//!
//! | key | value | here |
//! |---|---|---|
//! | 0 | the laptop's public key, compressed | [`Invitation::public_key`] |
//! | 1 | 16 secret bytes | [`Invitation::secret`] |
//! | 2 | how many assigned tunnel domains the laptop knows | [`Invitation::known_domains`] |
//! | 3 | the laptop's time, Unix seconds | [`Invitation::timestamp`] |
//! | 4 | whether the laptop can link | [`Invitation::linking`] |
//! | 5 | what will be asked | [`Invitation::hint`] |
//! | 6 | channels that the laptop offers (CTAP 2.3) | [`Invitation::channels`] |
//!
//! Decoding is as strict as that of browsers: canonical CBOR, no doubled key, nothing behind the map,
//! the right types in keys 0, 1, 2, 4 and 5; everything else is ignored.

mod channel;
pub mod digits;
mod error;
mod hint;

use std::fmt;

use hawser_wire::{KNOWN_DOMAINS, TunnelId};
use rand_core::CryptoRngCore;
use zeroize::Zeroizing;

use crate::cbor::{self, Value};
use crate::keys::{PrivateKey, PublicKey};
use crate::random::RngError;
use crate::secret::{EidKey, QrSecret};

pub use channel::Channel;
pub use error::QrError;
pub use hint::Hint;

/// What every such code starts with, in any letter case.
const PREFIX: &str = "FIDO:/";

/// Longest code that is decoded, in bytes. Real ones have 170 to 190; the limit is far above any
/// extension and keeps junk from being decoded at length.
pub const MAX_URI_LEN: usize = 4096;

const PUBLIC_KEY: u64 = 0;
const SECRET: u64 = 1;
const DOMAINS: u64 = 2;
const TIMESTAMP: u64 = 3;
const LINKING: u64 = 4;
const HINT: u64 = 5;
const CHANNELS: u64 = 6;

/// What a QR code says. Whoever has seen it can take the phone's place, so it prints no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Invitation {
    public_key: PublicKey,
    secret: QrSecret,
    known_domains: u64,
    timestamp: Option<u64>,
    linking: Option<bool>,
    hint: Hint,
    channels: Option<Vec<Channel>>,
}

/// An invitation with the private key behind it: what the laptop that shows the code keeps.
#[derive(Clone)]
pub struct LaptopInvitation {
    invitation: Invitation,
    private_key: PrivateKey,
}

impl Invitation {
    /// Reads the text of a QR code.
    ///
    /// # Errors
    /// [`QrError`] says what is wrong and where.
    pub fn parse(uri: &str) -> Result<Self, QrError> {
        let len = uri.len();
        if len > MAX_URI_LEN {
            return Err(QrError::TooLong { len });
        }
        let digits = uri
            .split_at_checked(PREFIX.len())
            .filter(|(prefix, _)| prefix.eq_ignore_ascii_case(PREFIX))
            .map(|(_, digits)| digits)
            .ok_or(QrError::Prefix)?;
        let bytes = Zeroizing::new(digits::decode(digits, PREFIX.len())?);
        Self::decode(&bytes)
    }

    /// Reads the CBOR map behind the digits.
    ///
    /// # Errors
    /// [`QrError`].
    pub fn decode(cbor: &[u8]) -> Result<Self, QrError> {
        let mut public_key = None;
        let mut secret = None;
        let mut known_domains = 0;
        let mut timestamp = None;
        let mut linking = None;
        let mut hint = Hint::default();
        let mut channels = None;
        for (key, value) in cbor::read_map(cbor).map_err(QrError::Cbor)? {
            match (key, value) {
                (PUBLIC_KEY, Value::Bytes(bytes)) if bytes.len() == PublicKey::COMPRESSED_LEN => {
                    let key = PublicKey::from_compressed(bytes).map_err(QrError::PublicKey)?;
                    public_key = Some(key);
                }
                (SECRET, Value::Bytes(bytes)) => {
                    let bytes = bytes.try_into().map_err(|_| wrong(SECRET))?;
                    secret = Some(QrSecret::from_bytes(bytes));
                }
                (DOMAINS, Value::Uint(number)) => known_domains = number,
                (TIMESTAMP, Value::Uint(number)) => timestamp = Some(number),
                (LINKING, Value::Bool(truth)) => linking = Some(truth),
                (HINT, Value::Text(text)) => hint = Hint::from_text(text),
                // Drafts had a boolean here, and laptops in the field still send it.
                (CHANNELS, Value::Other(array)) => {
                    channels = cbor::read_uints(array)
                        .map(|numbers| numbers.into_iter().map(Channel::from_number).collect());
                }
                (PUBLIC_KEY | SECRET | DOMAINS | LINKING | HINT, _) => return Err(wrong(key)),
                _ => {}
            }
        }
        Ok(Self {
            public_key: public_key.ok_or(missing(PUBLIC_KEY))?,
            secret: secret.ok_or(missing(SECRET))?,
            known_domains,
            timestamp,
            linking,
            hint,
            channels,
        })
    }

    /// Writes the text for a QR code. It is as secret as [`Self::secret`].
    #[must_use]
    pub fn to_uri(&self) -> String {
        format!("{PREFIX}{}", digits::encode(&self.encode()))
    }

    /// Writes the CBOR map behind the digits.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let public_key = self.public_key.to_compressed();
        let channels = self.channels.as_ref().map(|channels| {
            let numbers: Vec<_> = channels.iter().map(|channel| channel.number()).collect();
            cbor::write_uints(&numbers)
        });
        let entries = [
            Some((PUBLIC_KEY, Value::Bytes(&public_key))),
            Some((SECRET, Value::Bytes(self.secret.expose()))),
            Some((DOMAINS, Value::Uint(self.known_domains))),
            self.timestamp.map(|time| (TIMESTAMP, Value::Uint(time))),
            self.linking.map(|truth| (LINKING, Value::Bool(truth))),
            Some((HINT, Value::Text(self.hint.as_str()))),
            channels
                .as_ref()
                .map(|array| (CHANNELS, Value::Other(array))),
        ];
        let entries: Vec<_> = entries.into_iter().flatten().collect();
        Zeroizing::new(cbor::write_map(&entries))
    }

    /// The laptop's public key.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The secret, from which both ends derive everything else.
    #[must_use]
    pub const fn secret(&self) -> &QrSecret {
        &self.secret
    }

    /// The key of the advert that belongs to this code.
    #[must_use]
    pub fn eid_key(&self) -> EidKey {
        self.secret.eid_key()
    }

    /// The name of the tunnel that belongs to this code.
    #[must_use]
    pub fn tunnel_id(&self) -> TunnelId {
        self.secret.tunnel_id()
    }

    /// How many assigned tunnel domains the laptop knows. A phone whose own has an assigned number
    /// that is not below this cannot be found by the laptop. 0 when the code does not say.
    #[must_use]
    pub const fn known_domains(&self) -> u64 {
        self.known_domains
    }

    /// The laptop's time in Unix seconds. Clocks differ: show it at most, and reject nothing for it.
    #[must_use]
    pub const fn timestamp(&self) -> Option<u64> {
        self.timestamp
    }

    /// Whether the laptop can link; `None` when the code does not say, as old laptops' do.
    #[must_use]
    pub const fn linking(&self) -> Option<bool> {
        self.linking
    }

    /// What will probably be asked.
    #[must_use]
    pub const fn hint(&self) -> Hint {
        self.hint
    }

    /// The channels that the laptop offers: the tunnel alone when the code does not say.
    #[must_use]
    pub fn channels(&self) -> &[Channel] {
        self.channels.as_deref().unwrap_or(&[Channel::Tunnel])
    }
}

impl LaptopInvitation {
    /// Fresh keys for one QR code, which is good for one session with one phone.
    ///
    /// `timestamp` is in Unix seconds. `linking` says whether the laptop would store a link. Key 6 is
    /// left out, because some phones refuse a code that has it.
    ///
    /// # Errors
    /// [`RngError`] when `rng` fails, or gives what is no key every time.
    pub fn new(
        rng: &mut impl CryptoRngCore,
        hint: Hint,
        timestamp: Option<u64>,
        linking: bool,
    ) -> Result<Self, RngError> {
        let private_key = PrivateKey::generate(rng)?;
        let secret = QrSecret::generate(rng)?;
        Ok(Self::from_keys(
            private_key,
            secret,
            hint,
            timestamp,
            linking,
        ))
    }

    /// The same with given keys, for tests and for laptops that derive them. Never use keys for two codes.
    #[must_use]
    pub fn from_keys(
        private_key: PrivateKey,
        secret: QrSecret,
        hint: Hint,
        timestamp: Option<u64>,
        linking: bool,
    ) -> Self {
        let invitation = Invitation {
            public_key: private_key.public_key(),
            secret,
            known_domains: u64::from(KNOWN_DOMAINS),
            timestamp,
            linking: Some(linking),
            hint,
            channels: None,
        };
        Self {
            invitation,
            private_key,
        }
    }

    /// What the code says.
    #[must_use]
    pub const fn invitation(&self) -> &Invitation {
        &self.invitation
    }

    /// The private half of the key in the code.
    #[must_use]
    pub const fn private_key(&self) -> &PrivateKey {
        &self.private_key
    }
}

impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invitation")
            .field("public_key", &self.public_key)
            .field("hint", &self.hint)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for LaptopInvitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LaptopInvitation")
            .field(&self.invitation)
            .finish()
    }
}

/// What a key holds, and what is expected there.
const fn meaning(key: u64) -> (&'static str, &'static str) {
    match key {
        PUBLIC_KEY => ("public key", "33 bytes"),
        SECRET => ("secret", "16 bytes"),
        DOMAINS => ("known tunnel domains", "an unsigned number"),
        LINKING => ("linking", "true or false"),
        _ => ("hint", "text"),
    }
}

const fn missing(key: u64) -> QrError {
    let (name, _) = meaning(key);
    QrError::Missing { key, name }
}

const fn wrong(key: u64) -> QrError {
    let (name, expected) = meaning(key);
    QrError::Value {
        key,
        name,
        expected,
    }
}

#[cfg(test)]
mod tests;
