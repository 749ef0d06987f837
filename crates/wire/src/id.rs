//! The identifiers in a tunnel service's URLs.
//!
//! Senders write upper-case hex (as browsers do); receivers take either case. `Debug` shows only a
//! prefix, because whoever knows a tunnel id can take its place at the tunnel service: a full id
//! leaves the process through `to_hex` alone, which a reviewer can search for.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER_PERMISSIVE, HEXUPPER};

/// Why a text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// The text has the wrong number of characters.
    #[error("expected {expected} hex digits, found {found} characters")]
    Length {
        /// Characters that the id has.
        expected: usize,
        /// Characters that the text has.
        found: usize,
    },
    /// The text has a character outside its alphabet.
    #[error("not a {alphabet} digit at offset {offset}")]
    Alphabet {
        /// The alphabet that was expected.
        alphabet: &'static str,
        /// Byte offset of the first offending character.
        offset: usize,
    },
    /// A contact id is empty or longer than [`ContactId::MAX_LEN`].
    #[error("a contact id has 1 to {} bytes", ContactId::MAX_LEN)]
    ContactLength,
}

macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; $len]);

        impl $name {
            /// Length in bytes; the text form has twice as many hex digits.
            pub const LEN: usize = $len;

            /// Wraps the raw bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// The raw bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            /// The whole id as upper-case hex, as it stands in a URL.
            #[must_use]
            pub fn to_hex(&self) -> String {
                HEXUPPER.encode(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let mut bytes = [0; $len];
                decode_hex(text, &mut bytes)?;
                Ok(Self(bytes))
            }
        }
    };
}

hex_id! {
    /// The name of one tunnel at its tunnel service: 16 bytes (CTAP 2.2 §11.5.1).
    ///
    /// In the QR flow both ends derive it from the QR secret; in the linked flow the tunnel service
    /// draws it. Whoever knows it can claim the tunnel, hence the shortened [`Debug`].
    TunnelId, 16
}

hex_id! {
    /// Which instance of a tunnel service holds a tunnel: 3 opaque bytes, chosen by the service.
    RoutingId, 3
}

impl fmt::Debug for TunnelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, ..] = self.0;
        write!(f, "TunnelId({a:02X}{b:02X}{c:02X}..)")
    }
}

impl fmt::Debug for RoutingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoutingId({})", self.to_hex())
    }
}

/// How a tunnel service reaches a linked phone: opaque bytes, base64url without padding in URLs.
///
/// At Google this is a push token, so it is a secret of the phone: `Debug` shows its length only.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ContactId(Vec<u8>);

impl ContactId {
    /// Longest contact id, in bytes. Push tokens in the field have 150 to 250 bytes; the limit
    /// leaves room for others and keeps the path (4/3 of it) below 2 KiB.
    pub const MAX_LEN: usize = 1500;

    /// Wraps the raw bytes.
    ///
    /// # Errors
    /// [`IdError::ContactLength`] when there are none or more than [`Self::MAX_LEN`].
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Result<Self, IdError> {
        let bytes = bytes.into();
        if bytes.is_empty() || bytes.len() > Self::MAX_LEN {
            return Err(IdError::ContactLength);
        }
        Ok(Self(bytes))
    }

    /// The raw bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The whole id as base64url without padding, as it stands in a URL.
    #[must_use]
    pub fn to_base64url(&self) -> String {
        BASE64URL_NOPAD.encode(&self.0)
    }
}

impl FromStr for ContactId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.len() > Self::MAX_LEN.div_ceil(3) * 4 {
            return Err(IdError::ContactLength);
        }
        let bytes = BASE64URL_NOPAD
            .decode(text.as_bytes())
            .map_err(|e| IdError::Alphabet {
                alphabet: "base64url",
                offset: e.position,
            })?;
        Self::from_bytes(bytes)
    }
}

impl fmt::Debug for ContactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContactId({} bytes)", self.0.len())
    }
}

fn decode_hex(text: &str, into: &mut [u8]) -> Result<(), IdError> {
    let expected = into.len() * 2;
    let found = text.chars().count();
    if found != expected {
        return Err(IdError::Length { expected, found });
    }
    let alphabet = |offset| IdError::Alphabet {
        alphabet: "hex",
        offset,
    };
    // As many characters as there should be, but not as many bytes.
    if let Some(offset) = text.bytes().position(|byte| !byte.is_ascii()) {
        return Err(alphabet(offset));
    }
    HEXLOWER_PERMISSIVE
        .decode_mut(text.as_bytes(), into)
        .map(|_| ())
        .map_err(|e| alphabet(e.error.position))
}
