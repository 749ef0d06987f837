//! The one derivation from which tunnel ids, advert keys and pre-shared keys come
//! (CTAP 2.2 §11.5.1): HKDF-SHA-256 with a purpose as its info.

use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// What a derived value is for. The number, as four little-endian bytes, is HKDF's info.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// 64 bytes that seal and open adverts. Salt: none with a QR secret, the laptop's 16-byte nonce
    /// with a link secret.
    EidKey,
    /// 16 bytes, the tunnel id of a QR code. Salt: none.
    TunnelId,
    /// 32 bytes, the pre-shared key of Noise. Salt: the 16-byte plaintext of the advert.
    Psk,
    /// 32 bytes, a link secret. Inside a phone only. Salt: the link id.
    LinkSecret,
    /// 32 bytes, the seed of a phone's identity key. Inside a phone only. Salt: none.
    IdentitySeed,
    /// 32 bytes, the secret that belongs to a contact id. Inside a phone only. Salt: the contact id.
    ContactSecret,
}

impl Purpose {
    /// The number that stands for the purpose.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::EidKey => 1,
            Self::TunnelId => 2,
            Self::Psk => 3,
            Self::LinkSecret => 4,
            Self::IdentitySeed => 5,
            Self::ContactSecret => 6,
        }
    }
}

/// Derives `N` bytes from a secret. Apps do not need it: the typed methods of [`QrSecret`],
/// [`LinkSecret`] and [`RootSecret`] are built on it. It is public for tools that look inside.
///
/// [`QrSecret`]: crate::QrSecret
/// [`LinkSecret`]: crate::LinkSecret
/// [`RootSecret`]: crate::RootSecret
#[must_use]
pub fn derive<const N: usize>(secret: &[u8], salt: &[u8], purpose: Purpose) -> Zeroizing<[u8; N]> {
    hkdf(secret, salt, &purpose.number().to_le_bytes())
}

/// HKDF-SHA-256, extract and expand (RFC 5869). An empty salt is the 32 zero bytes of RFC 5869.
#[expect(
    clippy::expect_used,
    reason = "expansion fails above 255 blocks only, which does not compile"
)]
pub(crate) fn hkdf<const N: usize>(secret: &[u8], salt: &[u8], info: &[u8]) -> Zeroizing<[u8; N]> {
    const { assert!(N <= 255 * 32, "HKDF-SHA-256 ends after 255 blocks") };
    let mut okm = Zeroizing::new([0; N]);
    Hkdf::<Sha256>::new(Some(salt), secret)
        .expand(info, okm.as_mut())
        .expect("the length was checked at compile time");
    okm
}

/// HMAC-SHA-256 of `data` (RFC 2104), ready to be compared in constant time.
pub(crate) fn hmac(key: &[u8; 32], data: &[u8]) -> Hmac<Sha256> {
    // A key shorter than the block is extended with zeros by definition.
    let mut block = Zeroizing::new([0; 64]);
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    <Hmac<Sha256> as hmac::digest::KeyInit>::new((&*block).into()).chain_update(data)
}
