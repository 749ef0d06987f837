//! Why a text is no invitation.

use crate::cbor::CborError;
use crate::keys::KeyError;

use super::MAX_URI_LEN;

/// Why a text is not the QR code of a hybrid session. Each says what is wrong, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QrError {
    /// The text does not start with `FIDO:/`: it is another kind of code.
    #[error("the code does not start with FIDO:/")]
    Prefix,
    /// The text is longer than [`MAX_URI_LEN`].
    #[error("the code has {len} characters, more than {MAX_URI_LEN}")]
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// Nothing stands behind `FIDO:/`.
    #[error("there are no digits behind FIDO:/")]
    Empty,
    /// A character behind `FIDO:/` is not a decimal digit.
    #[error("the character at offset {offset} is not a decimal digit")]
    Digit {
        /// Characters before it.
        offset: usize,
    },
    /// The digits at the end are too many or too few for a whole number of bytes.
    #[error(
        "the last {digits} digits do not stand for a whole number of bytes: the code is cut off"
    )]
    Tail {
        /// How many digits the last group has.
        digits: usize,
    },
    /// A group of digits is larger than its bytes can be.
    #[error("the group of digits at offset {offset} is too large for its bytes")]
    Group {
        /// Characters before it.
        offset: usize,
    },
    /// The bytes are not a canonical CBOR map.
    #[error("the content is no invitation: {0}")]
    Cbor(#[source] CborError),
    /// A key that must be there is not.
    #[error("key {key} ({name}) is missing")]
    Missing {
        /// The key.
        key: u64,
        /// What it holds.
        name: &'static str,
    },
    /// The value of a key has the wrong type or length.
    #[error("key {key} ({name}) does not hold {expected}")]
    Value {
        /// The key.
        key: u64,
        /// What it holds.
        name: &'static str,
        /// What is expected there.
        expected: &'static str,
    },
    /// Key 0 is not a point of the curve.
    #[error("key 0 (public key) is no P-256 key: {0}")]
    PublicKey(#[source] KeyError),
}
