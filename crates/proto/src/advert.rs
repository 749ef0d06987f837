//! The Bluetooth advert of a phone behind a QR code (CTAP 2.2 §11.5.1): 20 bytes of service data.
//!
//! ```text
//! service data  AES-256 of the plaintext (16) ‖ first 4 bytes of its HMAC-SHA-256
//! plaintext     00 ‖ nonce (10) ‖ routing id (3) ‖ tunnel domain (2, little-endian)
//! ```
//!
//! The air is full of other people's adverts. Whoever scans tries its key on each: the tag tells them
//! apart, once in four thousand million times wrongly, and then the handshake fails.

use std::fmt;

use aes::Aes256;
use aes::cipher::{BlockDecrypt as _, BlockEncrypt as _, KeyInit as _};
use hawser_wire::{RoutingId, TunnelDomain};
use hmac::Mac as _;
use minicbor::Decoder;
use rand_core::CryptoRngCore;

use crate::key_schedule::hmac;
use crate::random::{self, RngError};
use crate::secret::EidKey;

/// The 16-bit UUID of the FIDO Alliance under which phones advertise.
pub const SERVICE_UUID: u16 = 0xFFF9;

/// The 16-bit UUID under which older phones advertise. Laptops listen for both.
pub const LEGACY_SERVICE_UUID: u16 = 0xFDE2;

/// Bytes of service data in an advert. More may follow: see [`l2cap_psm`].
pub const SERVICE_DATA_LEN: usize = CIPHERTEXT_LEN + TAG_LEN;

/// Bytes of plaintext in an advert.
pub const PLAINTEXT_LEN: usize = CIPHERTEXT_LEN;

/// Random bytes in an advert.
pub const NONCE_LEN: usize = 10;

const CIPHERTEXT_LEN: usize = 16;
const TAG_LEN: usize = 4;

/// What a phone says over Bluetooth: that it is near, and where it waits.
///
/// The pre-shared key of the session depends on it, nonce included, so only who heard it gets in.
#[derive(Clone, PartialEq, Eq)]
pub struct Advert {
    nonce: [u8; NONCE_LEN],
    routing_id: RoutingId,
    domain: TunnelDomain,
}

impl Advert {
    /// A fresh advert for a tunnel that is open at `domain`, in the instance `routing_id`.
    ///
    /// # Errors
    /// [`RngError`] when `rng` fails.
    pub fn new(
        rng: &mut impl CryptoRngCore,
        routing_id: RoutingId,
        domain: TunnelDomain,
    ) -> Result<Self, RngError> {
        let nonce = random::bytes(rng)?;
        Ok(Self::with_nonce(nonce, routing_id, domain))
    }

    /// An advert with a given nonce, for tests and tools. A nonce must not be used twice.
    #[must_use]
    pub const fn with_nonce(
        nonce: [u8; NONCE_LEN],
        routing_id: RoutingId,
        domain: TunnelDomain,
    ) -> Self {
        Self {
            nonce,
            routing_id,
            domain,
        }
    }

    /// Encrypts it: 20 bytes of service data for [`SERVICE_UUID`].
    #[must_use]
    pub fn seal(&self, key: &EidKey) -> [u8; SERVICE_DATA_LEN] {
        seal(key, self.plaintext())
    }

    /// Decrypts service data. `None` when it is not the advert that belongs to `key`, which is no
    /// error: most adverts are somebody else's. Bytes behind the first 20 are ignored.
    #[must_use]
    pub fn open(key: &EidKey, service_data: &[u8]) -> Option<Self> {
        Self::from_plaintext(open(key, service_data)?)
    }

    /// Reads a decrypted advert. `None` when its first byte is not zero or nobody has its domain.
    #[must_use]
    pub fn from_plaintext(plaintext: [u8; PLAINTEXT_LEN]) -> Option<Self> {
        let [0, rest @ ..] = plaintext else {
            return None;
        };
        let (nonce, rest) = rest.split_first_chunk()?;
        let (routing_id, rest) = rest.split_first_chunk()?;
        let domain = u16::from_le_bytes(rest.try_into().ok()?);
        Some(Self {
            nonce: *nonce,
            routing_id: RoutingId::from_bytes(*routing_id),
            domain: TunnelDomain::from_id(domain).ok()?,
        })
    }

    /// The 16 bytes that are encrypted. Whoever has them and the QR code can join.
    #[must_use]
    pub fn plaintext(&self) -> [u8; PLAINTEXT_LEN] {
        let [n0, n1, n2, n3, n4, n5, n6, n7, n8, n9] = self.nonce;
        let [r0, r1, r2] = *self.routing_id.as_bytes();
        let [d0, d1] = self.domain.id().to_le_bytes();
        [
            0, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, r0, r1, r2, d0, d1,
        ]
    }

    /// What makes this advert differ from all others.
    #[must_use]
    pub const fn nonce(&self) -> &[u8; NONCE_LEN] {
        &self.nonce
    }

    /// Which instance of the tunnel service holds the tunnel.
    #[must_use]
    pub const fn routing_id(&self) -> RoutingId {
        self.routing_id
    }

    /// The tunnel service.
    #[must_use]
    pub const fn domain(&self) -> TunnelDomain {
        self.domain
    }
}

impl fmt::Debug for Advert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Advert")
            .field("routing_id", &self.routing_id)
            .field("domain", &self.domain)
            .finish_non_exhaustive()
    }
}

/// The L2CAP port in what follows the first 20 bytes (CTAP 2.3), from a phone that offers Bluetooth as
/// the channel. `None` for anything else: it is neither encrypted nor authenticated, so it is a hint.
#[must_use]
pub fn l2cap_psm(service_data: &[u8]) -> Option<u16> {
    const L2CAP: u64 = 1;
    let suffix = service_data.get(SERVICE_DATA_LEN..)?;
    let mut decoder = Decoder::new(suffix);
    for entry in decoder.map_iter::<u64, u16>().ok()? {
        match entry {
            Ok((L2CAP, psm)) => return Some(psm),
            Ok(_) => {}
            Err(_) => return None,
        }
    }
    None
}

/// Encrypts, then authenticates.
pub(crate) fn seal(key: &EidKey, plaintext: [u8; PLAINTEXT_LEN]) -> [u8; SERVICE_DATA_LEN] {
    let (cipher, mac_key) = split(key);
    let mut block = plaintext.into();
    cipher.encrypt_block(&mut block);
    let mut service_data = [0; SERVICE_DATA_LEN];
    let tag = hmac(&mac_key, &block).finalize().into_bytes();
    for (to, from) in service_data.iter_mut().zip(block.iter().chain(tag.iter())) {
        *to = *from;
    }
    service_data
}

/// Authenticates, then decrypts.
pub(crate) fn open(key: &EidKey, service_data: &[u8]) -> Option<[u8; PLAINTEXT_LEN]> {
    let (ciphertext, rest) = service_data.split_first_chunk::<CIPHERTEXT_LEN>()?;
    let tag = rest.first_chunk::<TAG_LEN>()?;
    let (cipher, mac_key) = split(key);
    hmac(&mac_key, ciphertext).verify_truncated_left(tag).ok()?;
    let mut block = (*ciphertext).into();
    cipher.decrypt_block(&mut block);
    Some(block.into())
}

fn split(key: &EidKey) -> (Aes256, zeroize::Zeroizing<[u8; 32]>) {
    let mut encryption = zeroize::Zeroizing::new([0; 32]);
    let mut authentication = zeroize::Zeroizing::new([0; 32]);
    let halves = encryption.iter_mut().chain(authentication.iter_mut());
    for (to, from) in halves.zip(key.expose()) {
        *to = *from;
    }
    (Aes256::new((&*encryption).into()), authentication)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> EidKey {
        EidKey::from_bytes([7; 64])
    }

    fn advert() -> Advert {
        let domain = TunnelDomain::from_id(266).unwrap();
        Advert::with_nonce([9; NONCE_LEN], RoutingId::from_bytes([1, 2, 3]), domain)
    }

    #[test]
    fn a_sealed_advert_is_opened_by_its_key_alone() {
        let sealed = advert().seal(&key());
        assert_eq!(Advert::open(&key(), &sealed), Some(advert()));
        assert_eq!(Advert::open(&EidKey::from_bytes([8; 64]), &sealed), None);
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let sealed = advert().seal(&key());
        for at in 0..sealed.len() * 8 {
            let mut altered = sealed;
            altered[at / 8] ^= 1 << (at % 8);
            assert_eq!(Advert::open(&key(), &altered), None, "{at}");
        }
    }

    #[test]
    fn shorter_data_is_somebody_elses_and_longer_data_has_a_suffix() {
        let mut sealed = advert().seal(&key()).to_vec();
        for len in 0..SERVICE_DATA_LEN {
            assert_eq!(Advert::open(&key(), &sealed[..len]), None);
        }
        sealed.extend([0xA1, 0x01, 0x18, 0x82]);
        assert_eq!(Advert::open(&key(), &sealed), Some(advert()));
        assert_eq!(l2cap_psm(&sealed), Some(130));
    }

    #[test]
    fn unassigned_domains_and_a_first_byte_are_refused_although_authentic() {
        for domain in 2..=255_u8 {
            let mut plaintext = advert().plaintext();
            plaintext[14..].copy_from_slice(&[domain, 0]);
            assert_eq!(Advert::open(&key(), &seal(&key(), plaintext)), None);
        }
        let mut plaintext = advert().plaintext();
        plaintext[0] = 1;
        assert_eq!(Advert::open(&key(), &seal(&key(), plaintext)), None);
    }

    #[test]
    fn a_suffix_without_a_port_is_ignored() {
        let suffixes: [&[u8]; 6] = [
            &[],
            &[0xA0],
            &[0xFF, 0x00, 0x13],
            &[0xA1, 0x00, 0x18, 0x2A],
            &[0xA1, 0x01, 0x64, b'n', b'o', b'p', b'e'],
            &[0xA1, 0x01, 0x1A, 0, 1, 0, 0],
        ];
        for suffix in suffixes {
            let data = [&advert().seal(&key())[..], suffix].concat();
            assert_eq!(l2cap_psm(&data), None, "{suffix:02x?}");
            assert_eq!(Advert::open(&key(), &data), Some(advert()));
        }
    }

    proptest! {
        #[test]
        fn foreign_data_never_opens(data in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert_eq!(Advert::open(&key(), &data), None);
            let _ = l2cap_psm(&data);
        }

        #[test]
        fn plaintexts_are_read_back(nonce in any::<[u8; 10]>(), routing in any::<[u8; 3]>(), id in 256_u16..) {
            let domain = TunnelDomain::from_id(id).unwrap();
            let advert = Advert::with_nonce(nonce, RoutingId::from_bytes(routing), domain);
            prop_assert_eq!(Advert::from_plaintext(advert.plaintext()), Some(advert));
        }
    }
}
