//! Linking: what a phone gives a laptop so that it can be asked again without a QR code
//! (CTAP 2.2 §11.5.2).
//!
//! A phone that offers it sends a [`LinkingOffer`] in an update, or in its introduction if it is
//! old. The signature in it proves that the phone of this very session made the offer; the laptop
//! verifies it with the private key behind the QR code, so only a session behind a QR code can link.

use std::fmt;

use hawser_wire::{ContactId, IdError, TunnelDomain};
use hmac::Mac as _;
use zeroize::Zeroizing;

use crate::cbor::{self, CborError, Value};
use crate::key_schedule::hmac;
use crate::keys::{KeyError, PrivateKey, PublicKey};
use crate::secret::LinkSecret;

/// Longest name of a phone, in bytes: two lines on a screen.
pub const MAX_NAME_LEN: usize = 256;

const CONTACT_ID: u64 = 1;
const LINK_ID: u64 = 2;
const SECRET: u64 = 3;
const PUBLIC_KEY: u64 = 4;
const NAME: u64 = 5;
const SIGNATURE: u64 = 6;

const SIGNATURE_LEN: usize = 32;

/// How a phone calls a link: 8 bytes from most phones, opaque to the laptop.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct LinkId(Vec<u8>);

/// A link id is empty or longer than [`LinkId::MAX_LEN`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a link id has 1 to {} bytes", LinkId::MAX_LEN)]
pub struct LinkIdLength;

impl LinkId {
    /// Longest link id, in bytes. No phone in the field has more than 8.
    pub const MAX_LEN: usize = 64;

    /// Copies the raw bytes.
    ///
    /// # Errors
    /// [`LinkIdLength`] when there are none or more than [`Self::MAX_LEN`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LinkIdLength> {
        if bytes.is_empty() || bytes.len() > Self::MAX_LEN {
            return Err(LinkIdLength);
        }
        Ok(Self(bytes.to_vec()))
    }

    /// The raw bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for LinkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkId({} bytes)", self.0.len())
    }
}

/// A linked phone, as its laptop knows it. Keep it as safe as a password, and let the user see and
/// remove it. [`Self::public_key`] is the phone's identity: a new link with the same key replaces it.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    /// How the tunnel service reaches the phone.
    pub contact_id: ContactId,
    /// How the phone calls the link.
    pub link_id: LinkId,
    /// What phone and laptop share.
    pub secret: LinkSecret,
    /// The phone's identity.
    pub public_key: PublicKey,
    /// What the phone calls itself. Not verified by anybody.
    pub name: String,
    /// The tunnel service of the phone.
    pub domain: TunnelDomain,
}

/// Why an offer to link is worth nothing. The session goes on without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The offer is not a canonical CBOR map.
    #[error("the offer is not canonical CBOR")]
    Cbor(#[source] CborError),
    /// A key is missing, or its value has the wrong type or length.
    #[error("key {key} of the offer is missing or malformed")]
    Value {
        /// The key.
        key: u64,
    },
    /// The contact id cannot be one.
    #[error("the contact id cannot be used")]
    ContactId(#[source] IdError),
    /// The phone's key is not on the curve.
    #[error("the phone's public key is invalid")]
    PublicKey(#[source] KeyError),
    /// The offer was not made by the phone of this session.
    #[error("the offer's signature is wrong")]
    Signature,
}

impl Link {
    /// Reads an offer and verifies that the phone at the other end made it. `own` is the private key
    /// behind the QR code, `domain` that of the advert.
    ///
    /// # Errors
    /// [`LinkError`]. The session is not affected: ignore the offer.
    pub fn verify(
        offer: &[u8],
        own: &PrivateKey,
        handshake_hash: &[u8; 32],
        domain: TunnelDomain,
    ) -> Result<Self, LinkError> {
        let entries = cbor::read_map(offer).map_err(LinkError::Cbor)?;
        let get = |key| {
            let found = entries.iter().find(|(found, _)| *found == key);
            found
                .map(|(_, value)| *value)
                .ok_or(LinkError::Value { key })
        };
        let bytes = |key| match get(key)? {
            Value::Bytes(bytes) => Ok(bytes),
            _ => Err(LinkError::Value { key }),
        };
        let name = match get(NAME)? {
            Value::Text(name) if name.len() <= MAX_NAME_LEN => name.to_owned(),
            _ => return Err(LinkError::Value { key: NAME }),
        };
        let public_key =
            PublicKey::from_uncompressed(bytes(PUBLIC_KEY)?).map_err(LinkError::PublicKey)?;
        let signature = bytes(SIGNATURE)?;
        // In constant time, and false for another length.
        hmac(own.diffie_hellman(&public_key).expose(), handshake_hash)
            .verify_slice(signature)
            .map_err(|_| LinkError::Signature)?;
        Ok(Self {
            contact_id: ContactId::from_bytes(bytes(CONTACT_ID)?).map_err(LinkError::ContactId)?,
            link_id: LinkId::from_bytes(bytes(LINK_ID)?)
                .map_err(|_| LinkError::Value { key: LINK_ID })?,
            secret: LinkSecret::from_bytes(bytes(SECRET)?)
                .map_err(|_| LinkError::Value { key: SECRET })?,
            public_key,
            name,
            domain,
        })
    }
}

/// Shows the domain and the first bytes of the phone's key, nothing that is secret or personal.
impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("public_key", &self.public_key)
            .field("domain", &self.domain)
            .finish_non_exhaustive()
    }
}

/// What a phone offers to its laptop: everything of a [`Link`] but the signature, which is made when
/// the handshake is done.
#[derive(Clone)]
pub struct LinkingOffer {
    /// How the tunnel service reaches the phone.
    pub contact_id: ContactId,
    /// How the phone calls the link.
    pub link_id: LinkId,
    /// What phone and laptop will share.
    pub secret: LinkSecret,
    /// The phone's identity.
    pub identity: PrivateKey,
    /// What the phone calls itself.
    pub name: String,
}

impl LinkingOffer {
    /// Bytes of the encoded offer. See [`MAX_LINKING_LEN`](crate::update::MAX_LINKING_LEN).
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        self.write(&[0; SIGNATURE_LEN]).len()
    }

    /// Signs the offer for one session and writes it.
    #[must_use]
    pub fn encode(&self, laptop: &PublicKey, handshake_hash: &[u8; 32]) -> Zeroizing<Vec<u8>> {
        let shared = self.identity.diffie_hellman(laptop);
        let signature = hmac(shared.expose(), handshake_hash).finalize();
        self.write(&signature.into_bytes())
    }

    fn write(&self, signature: &[u8]) -> Zeroizing<Vec<u8>> {
        let public_key = self.identity.public_key();
        Zeroizing::new(cbor::write_map(&[
            (CONTACT_ID, Value::Bytes(self.contact_id.as_bytes())),
            (LINK_ID, Value::Bytes(self.link_id.as_bytes())),
            (SECRET, Value::Bytes(self.secret.expose())),
            (PUBLIC_KEY, Value::Bytes(public_key.as_bytes())),
            (NAME, Value::Text(&self.name)),
            (SIGNATURE, Value::Bytes(signature)),
        ]))
    }
}

impl fmt::Debug for LinkingOffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkingOffer(..)")
    }
}

#[cfg(test)]
mod tests;
