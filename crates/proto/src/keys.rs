//! P-256 keys, checked when they are made, so that nothing after this point can meet a bad one.
//!
//! The curve library stays inside: keys cross every border of this crate as SEC 1 bytes.

use std::fmt;

use p256::elliptic_curve::ops::Reduce;
use p256::elliptic_curve::sec1::ToEncodedPoint as _;
use p256::{FieldBytes, NonZeroScalar, Scalar, U256};
use rand_core::CryptoRngCore;
use zeroize::{Zeroize as _, Zeroizing};

use crate::key_schedule::hkdf;
use crate::random::{RngError, draw};
use crate::secret::SharedSecret;

/// Why bytes are not a P-256 key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The encoding has the wrong number of bytes.
    #[error("expected {expected} bytes, found {found}")]
    Length {
        /// Bytes that the encoding has.
        expected: usize,
        /// Bytes that there are.
        found: usize,
    },
    /// The first byte is not the mark of the expected point encoding (SEC 1 §2.3.3).
    #[error("first byte {0:#04x} does not mark the expected point encoding")]
    Encoding(u8),
    /// No point of the curve has these coordinates.
    #[error("not a point of P-256")]
    NotOnCurve,
    /// A private key is zero or not below the order of the curve.
    #[error("private key out of range")]
    OutOfRange,
}

/// A P-256 public key: a point of the curve, never infinity.
#[derive(Clone, Copy)]
pub struct PublicKey {
    point: p256::PublicKey,
    bytes: [u8; Self::LEN],
}

impl PublicKey {
    /// Length in bytes of the uncompressed form, which is used everywhere but in QR codes.
    pub const LEN: usize = 65;
    /// Length in bytes of the compressed form, which is used in QR codes.
    pub const COMPRESSED_LEN: usize = 33;

    /// Reads the uncompressed form: `04`, x, y.
    ///
    /// # Errors
    /// [`KeyError`] when the bytes are anything else, or not on the curve.
    pub fn from_uncompressed(bytes: &[u8]) -> Result<Self, KeyError> {
        let encoded: [u8; Self::LEN] = sized(bytes)?;
        match encoded {
            [0x04, ..] => Self::from_sec1(&encoded),
            [mark, ..] => Err(KeyError::Encoding(mark)),
        }
    }

    /// Reads the compressed form: `02` or `03`, x.
    ///
    /// # Errors
    /// [`KeyError`] when the bytes are anything else, or not on the curve.
    pub fn from_compressed(bytes: &[u8]) -> Result<Self, KeyError> {
        let encoded: [u8; Self::COMPRESSED_LEN] = sized(bytes)?;
        match encoded {
            [0x02 | 0x03, ..] => Self::from_sec1(&encoded),
            [mark, ..] => Err(KeyError::Encoding(mark)),
        }
    }

    /// The uncompressed form.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.bytes
    }

    /// The compressed form.
    #[must_use]
    pub fn to_compressed(&self) -> [u8; Self::COMPRESSED_LEN] {
        let mut bytes = [0; Self::COMPRESSED_LEN];
        copy(self.point.to_encoded_point(true).as_bytes(), &mut bytes);
        bytes
    }

    fn from_sec1(encoded: &[u8]) -> Result<Self, KeyError> {
        p256::PublicKey::from_sec1_bytes(encoded)
            .map(Self::from_point)
            .map_err(|_| KeyError::NotOnCurve)
    }

    fn from_point(point: p256::PublicKey) -> Self {
        let mut bytes = [0; Self::LEN];
        copy(point.to_encoded_point(false).as_bytes(), &mut bytes);
        Self { point, bytes }
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for PublicKey {}

impl std::hash::Hash for PublicKey {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.bytes.hash(state);
    }
}

/// Shows the first bytes of x: enough to tell two keys apart in a log.
impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [_, x0, x1, x2, x3, ..] = self.bytes;
        write!(f, "PublicKey({x0:02x}{x1:02x}{x2:02x}{x3:02x}..)")
    }
}

/// A P-256 private key, erased when it drops.
#[derive(Clone)]
pub struct PrivateKey {
    key: p256::SecretKey,
    bytes: Zeroizing<[u8; Self::LEN]>,
}

impl PrivateKey {
    /// Length in bytes.
    pub const LEN: usize = 32;

    /// Draws a fresh key: 32 bytes from `rng`, and again while they are out of range, which
    /// happens once in 2^32 times.
    ///
    /// # Errors
    /// [`RngError`] when `rng` fails, or gives what is no key every time.
    pub fn generate(rng: &mut impl CryptoRngCore) -> Result<Self, RngError> {
        draw(rng, |bytes| Self::from_bytes(bytes).ok())
    }

    /// Reads a big-endian scalar.
    ///
    /// # Errors
    /// [`KeyError::OutOfRange`] unless it is from 1 to the order of the curve less one.
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Result<Self, KeyError> {
        p256::SecretKey::from_bytes(FieldBytes::from_slice(bytes))
            .map(Self::from_key)
            .map_err(|_| KeyError::OutOfRange)
    }

    /// Derives a key from a seed: 48 bytes of HKDF-SHA-256, read big-endian, modulo the order of
    /// the curve.
    ///
    /// A convention of the phones that keep a seed instead of a key; no peer can tell.
    ///
    /// # Errors
    /// [`KeyError::OutOfRange`] when the result is zero: once in 2^256 seeds.
    pub fn from_seed(seed: &[u8]) -> Result<Self, KeyError> {
        let okm = hkdf::<48>(seed, &[], b"derive EC key P-256");
        // high * 2^256 + low, with 16 and 32 bytes.
        let mut high = Zeroizing::new([0; 32]);
        let mut low = Zeroizing::new([0; 32]);
        for (to, from) in high
            .iter_mut()
            .skip(16)
            .chain(low.iter_mut())
            .zip(okm.iter())
        {
            *to = *from;
        }
        // (2^256 - 1) + 1, since 2^256 itself does not fit the type that is reduced.
        let shift = Scalar::reduce(U256::MAX) + Scalar::ONE;
        let mut scalar = reduced(&high) * shift + reduced(&low);
        let key = Option::<NonZeroScalar>::from(NonZeroScalar::new(scalar));
        scalar.zeroize();
        key.map(|scalar| Self::from_key(scalar.into()))
            .ok_or(KeyError::OutOfRange)
    }

    /// The public key of this private key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey::from_point(self.key.public_key())
    }

    /// The Diffie-Hellman result with a peer's public key: its x-coordinate, big-endian.
    #[must_use]
    pub fn diffie_hellman(&self, peer: &PublicKey) -> SharedSecret {
        let shared =
            p256::ecdh::diffie_hellman(self.key.to_nonzero_scalar(), peer.point.as_affine());
        SharedSecret::from_bytes((*shared.raw_secret_bytes()).into())
    }

    /// The big-endian scalar.
    #[must_use]
    pub fn expose(&self) -> &[u8; Self::LEN] {
        &self.bytes
    }

    fn from_key(key: p256::SecretKey) -> Self {
        let bytes = Zeroizing::new(key.to_bytes().into());
        Self { key, bytes }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(..)")
    }
}

fn sized<const N: usize>(bytes: &[u8]) -> Result<[u8; N], KeyError> {
    bytes.try_into().map_err(|_| KeyError::Length {
        expected: N,
        found: bytes.len(),
    })
}

/// Copies as much as fits; the encodings here always have the length of their array.
fn copy<const N: usize>(from: &[u8], to: &mut [u8; N]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

fn reduced(big_endian: &[u8; 32]) -> Scalar {
    <Scalar as Reduce<U256>>::reduce_bytes(FieldBytes::from_slice(big_endian))
}
