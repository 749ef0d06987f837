//! Authenticator data: what a phone says about itself and its user (WebAuthn §6.1).

use std::fmt;

use minicbor::Decoder;

use crate::ctap::cbor::{Key, each_entry, raw};
use crate::ctap::reply::{ReplyError, unexpected};

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const ATTESTED: u8 = 0x40;
const EXTENSIONS: u8 = 0x80;

/// The COSE key parameter `alg` (RFC 9052 §7.1).
const COSE_ALGORITHM: u64 = 3;

/// Authenticator data, checked to be complete, and kept as it was signed.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthenticatorData {
    bytes: Vec<u8>,
    relying_party_id_hash: [u8; 32],
    flags: u8,
    sign_count: u32,
}

/// A new passkey, as authenticator data describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttestedCredential {
    /// Which make of authenticator holds it; zeros when it does not tell.
    pub aaguid: [u8; 16],
    /// The passkey's id.
    pub id: Vec<u8>,
    /// The public key in COSE form (RFC 9052 §7).
    pub public_key: Vec<u8>,
    /// The COSE algorithm number of the key; -7 is ES256.
    pub algorithm: i64,
}

impl AuthenticatorData {
    /// Reads authenticator data and makes sure that it is complete, to the last byte.
    ///
    /// # Errors
    /// [`ReplyError::AuthenticatorData`] when it is too short or too long for its flags, or
    /// [`ReplyError::Cbor`] when a key or an extension in it is not CBOR.
    pub fn parse(bytes: &[u8]) -> Result<Self, ReplyError> {
        let mut rest = bytes;
        let data = Self {
            bytes: bytes.to_vec(),
            relying_party_id_hash: take(&mut rest)?,
            flags: u8::from_be_bytes(take(&mut rest)?),
            sign_count: u32::from_be_bytes(take(&mut rest)?),
        };
        if data.flags & ATTESTED != 0 {
            AttestedCredential::take(&mut rest)?;
        }
        if data.flags & EXTENSIONS != 0 {
            take_item(&mut rest)?;
        }
        if rest.is_empty() {
            Ok(data)
        } else {
            Err(ReplyError::AuthenticatorData)
        }
    }

    /// The bytes, as they came and as they were signed.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of the relying party id.
    #[must_use]
    pub fn relying_party_id_hash(&self) -> &[u8; 32] {
        &self.relying_party_id_hash
    }

    /// Whether somebody was at the phone (flag UP).
    #[must_use]
    pub fn user_present(&self) -> bool {
        self.flags & USER_PRESENT != 0
    }

    /// Whether the phone verified that it was its user (flag UV).
    #[must_use]
    pub fn user_verified(&self) -> bool {
        self.flags & USER_VERIFIED != 0
    }

    /// How often the passkey has signed; zero when the phone does not count.
    #[must_use]
    pub fn sign_count(&self) -> u32 {
        self.sign_count
    }

    /// The new passkey, when there is one in it.
    pub(super) fn attested(&self) -> Result<Option<AttestedCredential>, ReplyError> {
        if self.flags & ATTESTED == 0 {
            return Ok(None);
        }
        let mut rest = self.bytes.get(37..).ok_or(ReplyError::AuthenticatorData)?;
        AttestedCredential::take(&mut rest).map(Some)
    }
}

impl fmt::Debug for AuthenticatorData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticatorData")
            .field("flags", &format_args!("{:#04x}", self.flags))
            .field("sign_count", &self.sign_count)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

impl AttestedCredential {
    /// WebAuthn §6.5.1: AAGUID, two bytes of length (big-endian), the id, the key.
    fn take(rest: &mut &[u8]) -> Result<Self, ReplyError> {
        let aaguid = take(rest)?;
        let id_length = usize::from(u16::from_be_bytes(take(rest)?));
        let (id, after) = rest
            .split_at_checked(id_length)
            .ok_or(ReplyError::AuthenticatorData)?;
        *rest = after;
        let public_key = take_item(rest)?;
        Ok(Self {
            aaguid,
            id: id.to_vec(),
            public_key: public_key.to_vec(),
            algorithm: algorithm(public_key)?,
        })
    }
}

fn algorithm(public_key: &[u8]) -> Result<i64, ReplyError> {
    let mut algorithm = None;
    each_entry(&mut Decoder::new(public_key), |key, cbor| {
        if key == Key::Number(COSE_ALGORITHM) {
            algorithm = Some(cbor.i64()?);
            return Ok(());
        }
        cbor.skip()
    })
    .map_err(unexpected)?;
    algorithm.ok_or(ReplyError::Missing("key algorithm"))
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], ReplyError> {
    let (head, tail) = rest
        .split_first_chunk()
        .ok_or(ReplyError::AuthenticatorData)?;
    *rest = tail;
    Ok(*head)
}

fn take_item<'b>(rest: &mut &'b [u8]) -> Result<&'b [u8], ReplyError> {
    let mut cbor = Decoder::new(rest);
    let item = raw(&mut cbor).map_err(unexpected)?;
    *rest = rest.get(item.len()..).unwrap_or_default();
    Ok(item)
}
