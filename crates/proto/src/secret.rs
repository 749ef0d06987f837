//! The secrets of the protocol, each its own type.
//!
//! All of them are erased when they drop, compare in constant time and print as `Name(..)`. The raw
//! bytes leave through `expose` alone, a word that a reviewer can search for.

use std::fmt;

use rand_core::CryptoRngCore;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::random::{RngError, draw};

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Zeroize, ZeroizeOnDrop)]
        pub struct $name([u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// Wraps the raw bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// The raw bytes.
            #[must_use]
            pub const fn expose(&self) -> &[u8; $len] {
                &self.0
            }
        }

        secret!(@traits $name);
    };
    (@random $name:ident) => {
        impl $name {
            /// Draws a fresh one.
            ///
            /// # Errors
            /// [`RngError`] when `rng` fails.
            pub fn generate(rng: &mut impl CryptoRngCore) -> Result<Self, RngError> {
                draw(rng, |bytes| Some(Self(*bytes)))
            }
        }
    };
    (@traits $name:ident) => {
        impl ConstantTimeEq for $name {
            fn ct_eq(&self, other: &Self) -> subtle::Choice {
                self.0.ct_eq(&other.0)
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.ct_eq(other).into()
            }
        }

        impl Eq for $name {}

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

secret! {
    /// Key 1 of a QR code, from which both ends derive everything else (CTAP 2.2 §11.5.1).
    ///
    /// A fresh one for every QR code: whoever has seen the code knows it.
    QrSecret, 16
}
secret!(@random QrSecret);

secret! {
    /// Seals and opens adverts: an AES-256 key, then an HMAC-SHA-256 key.
    EidKey, 64
}

secret! {
    /// The Noise pre-shared key of one session.
    Psk, 32
}

secret! {
    /// The x-coordinate of a P-256 Diffie-Hellman result.
    SharedSecret, 32
}

secret! {
    /// From which a phone can derive every link secret and its identity key, so that it stores
    /// nothing for each laptop. It never leaves the phone.
    RootSecret, 32
}
secret!(@random RootSecret);

secret! {
    /// What a phone derives from its root secret for one contact id; see
    /// [`RootSecret::contact_secret`]. It never leaves the phone.
    ContactSecret, 32
}

/// What a linked laptop and its phone share (CTAP 2.2 §11.5.2): 32 bytes from most phones, any
/// number up to [`LinkSecret::MAX_LEN`] from others.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct LinkSecret(Vec<u8>);

secret!(@traits LinkSecret);

/// A link secret is empty or longer than [`LinkSecret::MAX_LEN`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a link secret has 1 to {} bytes", LinkSecret::MAX_LEN)]
pub struct LinkSecretLength;

impl LinkSecret {
    /// Longest link secret, in bytes. No phone in the field sends more than 32.
    pub const MAX_LEN: usize = 64;

    /// Copies the raw bytes.
    ///
    /// # Errors
    /// [`LinkSecretLength`] when there are none or more than [`Self::MAX_LEN`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LinkSecretLength> {
        if bytes.is_empty() || bytes.len() > Self::MAX_LEN {
            return Err(LinkSecretLength);
        }
        Ok(Self(bytes.to_vec()))
    }

    /// Of the length that phones in the field use.
    pub(crate) fn from_array(bytes: &[u8; 32]) -> Self {
        Self(bytes.to_vec())
    }

    /// The raw bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}
