//! The record layer: what protects every message after the handshake (CTAP 2.2 §11.5).
//!
//! AES-256-GCM with one key a direction, no additional data, and a nonce that counts messages. One
//! record is one message of the carrier: ciphertext, then a 16-byte tag. Most apps want
//! [`LaptopSession`] and [`PhoneSession`]; this module is public for tools and tests.
//!
//! The keys come from the Noise handshake, but the records are sealed here and not by the Noise
//! library, which stops at 65,535 bytes where browsers accept 1 MiB.
//!
//! [`LaptopSession`]: crate::LaptopSession
//! [`PhoneSession`]: crate::PhoneSession

use std::fmt;

use aes_gcm::aead::AeadInPlace as _;
use aes_gcm::{Aes256Gcm, KeyInit as _};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::padding;

/// Longest record in bytes, tag included: what browsers accept, 1 MiB.
pub const MAX_MESSAGE: usize = 1 << 20;

/// Bytes that the authentication tag adds.
pub const TAG_LEN: usize = 16;

/// Longest plaintext in bytes whose padded and sealed form fits [`MAX_MESSAGE`]: 1,048,543. (A peer
/// that pads otherwise can come closer to the limit.)
pub const MAX_PLAINTEXT: usize = (MAX_MESSAGE - TAG_LEN) / padding::UNIT * padding::UNIT - 1;

/// The counter at which a direction ends: browsers refuse to go on from here.
pub const COUNTER_LIMIT: u32 = (1 << 24) - 1;

/// The key of one direction, erased when it drops.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct TrafficKey([u8; Self::LEN]);

impl TrafficKey {
    /// Length in bytes.
    pub const LEN: usize = 32;

    /// Wraps the raw bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The raw bytes.
    #[must_use]
    pub const fn expose(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl fmt::Debug for TrafficKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TrafficKey(..)")
    }
}

/// Why a message was not sealed. The sealer is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The message is longer than [`MAX_PLAINTEXT`].
    #[error("message of {len} bytes is longer than {MAX_PLAINTEXT}")]
    TooLong {
        /// Bytes in the message.
        len: usize,
    },
    /// The counter has reached [`COUNTER_LIMIT`].
    #[error("too many messages on one connection")]
    CounterExhausted,
}

/// Why a record was not opened. The opener is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The record is longer than [`MAX_MESSAGE`].
    #[error("record of {len} bytes is longer than {MAX_MESSAGE}")]
    TooLong {
        /// Bytes in the record.
        len: usize,
    },
    /// The counter has reached [`COUNTER_LIMIT`].
    #[error("too many messages on one connection")]
    CounterExhausted,
    /// The record does not authenticate: altered, out of turn, or sealed with another key.
    #[error("record does not authenticate")]
    Decrypt,
    /// The plaintext is authentic but its padding is not possible.
    #[error("record is badly padded")]
    Padding(#[source] padding::PaddingError),
}

/// Pads and seals the messages of one direction.
pub struct Sealer(Direction);

impl Sealer {
    /// A sealer at counter zero. A key must never be given to two of them.
    #[must_use]
    pub fn new(key: &TrafficKey) -> Self {
        Self(Direction::new(key))
    }

    /// A sealer for one last message.
    #[cfg(test)]
    pub(crate) fn before_the_limit(key: &TrafficKey) -> Self {
        Self(Direction::before_the_limit(key))
    }

    /// Pads and seals the next message; this costs one count.
    ///
    /// # Errors
    /// [`SealError`]; the count is then not spent.
    pub fn seal(&mut self, plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
        let len = plaintext.len();
        if len > MAX_PLAINTEXT {
            return Err(SealError::TooLong { len });
        }
        let nonce = self.0.nonce().ok_or(SealError::CounterExhausted)?;
        // Room for everything, so that no reallocation leaves a copy of the plaintext behind.
        let mut record = Vec::with_capacity(padding::padded_len(len) + TAG_LEN);
        record.extend_from_slice(plaintext);
        padding::pad(&mut record);
        self.0
            .cipher
            .encrypt_in_place(&nonce.into(), &[], &mut record)
            // AES-GCM refuses 64 GiB and more.
            .map_err(|_| SealError::TooLong { len })?;
        self.0.advance();
        Ok(record)
    }
}

/// Opens and un-pads the messages of one direction.
pub struct Opener(Direction);

impl Opener {
    /// An opener at counter zero.
    #[must_use]
    pub fn new(key: &TrafficKey) -> Self {
        Self(Direction::new(key))
    }

    /// An opener for one last message.
    #[cfg(test)]
    pub(crate) fn before_the_limit(key: &TrafficKey) -> Self {
        Self(Direction::before_the_limit(key))
    }

    /// Opens and un-pads the next message; this costs one count. The plaintext is erased when it
    /// drops.
    ///
    /// # Errors
    /// [`OpenError`]. After [`OpenError::Decrypt`] the count is not spent, so a forged record
    /// does not move the opener; a caller should give up all the same.
    pub fn open(&mut self, record: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let len = record.len();
        if len > MAX_MESSAGE {
            return Err(OpenError::TooLong { len });
        }
        let nonce = self.0.nonce().ok_or(OpenError::CounterExhausted)?;
        let mut plaintext = Zeroizing::new(record.to_vec());
        self.0
            .cipher
            .decrypt_in_place(&nonce.into(), &[], &mut *plaintext)
            .map_err(|_| OpenError::Decrypt)?;
        self.0.advance();
        padding::unpad(&mut plaintext).map_err(OpenError::Padding)?;
        Ok(plaintext)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealer({} sealed)", self.0.counter)
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opener({} opened)", self.0.counter)
    }
}

/// A key and the number of messages that it has protected.
struct Direction {
    /// Boxed: an expanded key has a kilobyte, and sessions travel by value.
    cipher: Box<Aes256Gcm>,
    counter: u32,
}

impl Direction {
    fn new(key: &TrafficKey) -> Self {
        Self {
            cipher: Box::new(Aes256Gcm::new(key.expose().into())),
            counter: 0,
        }
    }

    #[cfg(test)]
    fn before_the_limit(key: &TrafficKey) -> Self {
        Self {
            counter: COUNTER_LIMIT - 1,
            ..Self::new(key)
        }
    }

    /// Eight zero bytes, then the counter in network order; `None` at the limit.
    fn nonce(&self) -> Option<[u8; 12]> {
        let [a, b, c, d] = self.counter.to_be_bytes();
        (self.counter < COUNTER_LIMIT).then_some([0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d])
    }

    /// Called after success alone. The limit is far below the range of the type.
    fn advance(&mut self) {
        self.counter = self.counter.saturating_add(1);
    }
}

#[cfg(test)]
mod tests;
