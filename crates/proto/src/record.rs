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
        Self(Direction {
            counter: COUNTER_LIMIT - 1,
            ..Direction::new(key)
        })
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
        Self(Direction {
            counter: COUNTER_LIMIT - 1,
            ..Direction::new(key)
        })
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
mod tests {
    use super::*;

    fn pair() -> (Sealer, Opener) {
        let key = TrafficKey::from_bytes([2; 32]);
        (Sealer::new(&key), Opener::new(&key))
    }

    fn hex(text: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
    }

    /// Chromium's keys; message i is the bytes 0 to i-1.
    #[test]
    fn records_are_those_of_browsers() {
        let expected = [
            (
                0,
                "5a723acee52c5ea02b92a3a360c09595e7ea8e99081e4bc457f6b8099981e10edad146f82ae7481dfd68f490105f8c1d",
            ),
            (
                1,
                "4c5c8841bce19909005528c4ac16b756df3dc73759b9e108676462c1b0e45e0e0041878ba735f71ba05689af3c7c83d1",
            ),
            (
                31,
                "a81ce803b0c1a0445bc2018b735e68209e1c62715614e213a3309dc6ffcb4bd36027925f06a2c8049ca8de976681f091",
            ),
            (
                32,
                "24fe99ec0955b04e88cc44c7594a7decf491d4dfa9f1c9483e3bfc1f3eb982b39a89eb0579e0bc261b04a0787ad6eeadd76597c35cabb23e33f727f26c722c39f28426c3d6e2c6405c43696a7a310d54",
            ),
        ];
        let (mut sealer, mut opener) = pair();
        for i in 0..=32_u8 {
            let message: Vec<u8> = (0..i).collect();
            let record = sealer.seal(&message).unwrap();
            if let Some((_, expected)) = expected.iter().find(|(index, _)| *index == i) {
                assert_eq!(record, hex(expected), "message {i}");
            }
            assert_eq!(*opener.open(&record).unwrap(), message);
        }
    }

    #[test]
    fn the_longest_message_fits_and_one_more_byte_does_not() {
        let (mut sealer, mut opener) = pair();
        let longest = vec![7; MAX_PLAINTEXT];
        let record = sealer.seal(&longest).unwrap();
        assert_eq!(record.len(), MAX_MESSAGE - TAG_LEN);
        assert_eq!(*opener.open(&record).unwrap(), longest);

        let len = MAX_PLAINTEXT + 1;
        let refused = sealer.seal(&vec![7; len]);
        assert_eq!(refused, Err(SealError::TooLong { len }));
        assert_eq!(sealer.0.counter, 1, "a refused message costs no count");
    }

    /// A peer may pad otherwise, so that a record has exactly 1 MiB.
    #[test]
    fn a_record_of_the_limit_opens_and_one_more_byte_is_refused_unread() {
        let (sealer, mut opener) = pair();
        let nonce = sealer.0.nonce().unwrap().into();
        for (len, expected) in [
            (MAX_MESSAGE, Ok(MAX_MESSAGE - TAG_LEN - 1)),
            (
                MAX_MESSAGE + 1,
                Err(OpenError::TooLong {
                    len: MAX_MESSAGE + 1,
                }),
            ),
        ] {
            let mut record = vec![0; len - TAG_LEN];
            sealer
                .0
                .cipher
                .encrypt_in_place(&nonce, &[], &mut record)
                .unwrap();
            assert_eq!(record.len(), len);
            opener.0.counter = 0;
            assert_eq!(
                opener.open(&record).map(|plaintext| plaintext.len()),
                expected
            );
        }
    }

    #[test]
    fn the_counter_ends_at_its_limit_in_both_directions() {
        let key = TrafficKey::from_bytes([2; 32]);
        let mut sealer = Sealer::before_the_limit(&key);
        let mut opener = Opener::before_the_limit(&key);
        let last = sealer.seal(b"last").unwrap();
        assert_eq!(*opener.open(&last).unwrap(), b"last");

        for _ in 0..2 {
            assert_eq!(sealer.seal(b"more"), Err(SealError::CounterExhausted));
            assert_eq!(opener.open(&last), Err(OpenError::CounterExhausted));
        }
    }

    #[test]
    fn the_opener_moves_after_success_only() {
        let (mut sealer, mut opener) = pair();
        let first = sealer.seal(b"first").unwrap();
        let second = sealer.seal(b"second").unwrap();
        let mut altered = first.clone();
        altered[0] ^= 1;

        assert_eq!(opener.open(&second), Err(OpenError::Decrypt));
        assert_eq!(opener.open(&altered), Err(OpenError::Decrypt));
        assert_eq!(*opener.open(&first).unwrap(), b"first");
        assert_eq!(opener.open(&first), Err(OpenError::Decrypt));
        assert_eq!(*opener.open(&second).unwrap(), b"second");
    }

    /// A library in the field panics on fewer than 16 bytes.
    #[test]
    fn short_records_do_not_authenticate() {
        let (mut sealer, mut opener) = pair();
        let record = sealer.seal(b"").unwrap();
        for len in 0..record.len() {
            assert_eq!(opener.open(&record[..len]), Err(OpenError::Decrypt));
        }
        assert_eq!(*opener.open(&record).unwrap(), b"");
    }

    #[test]
    fn impossible_padding_is_typed() {
        for plaintext in [&[][..], &[1], &[0, 2], &[0xFF; 255]] {
            let (sealer, mut opener) = pair();
            let nonce = sealer.0.nonce().unwrap().into();
            let mut record = plaintext.to_vec();
            sealer
                .0
                .cipher
                .encrypt_in_place(&nonce, &[], &mut record)
                .unwrap();
            assert_eq!(
                opener.open(&record),
                Err(OpenError::Padding(padding::PaddingError))
            );
        }
    }

    #[test]
    fn nothing_secret_is_printed() {
        let (sealer, opener) = pair();
        let key = TrafficKey::from_bytes([2; 32]);
        assert_eq!(
            format!("{key:?} {sealer:?} {opener:?}"),
            "TrafficKey(..) Sealer(0 sealed) Opener(0 opened)"
        );
    }
}
