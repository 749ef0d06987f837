//! The Bluetooth advert of a linked phone (CTAP 2.2 §11.5.2): nothing but random bytes, because the
//! laptop knows where the phone waits.

use std::fmt;

use rand_core::CryptoRngCore;

use crate::advert::{self, PLAINTEXT_LEN, SERVICE_DATA_LEN};
use crate::random::{RngError, draw};
use crate::secret::EidKey;

/// What a linked phone says over Bluetooth: that it is near.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkedAdvert([u8; PLAINTEXT_LEN]);

impl LinkedAdvert {
    /// A fresh advert.
    ///
    /// Browsers take the last two bytes for a tunnel domain even here, and ignore the advert when
    /// nobody has that domain; so those numbers are drawn again.
    ///
    /// # Errors
    /// [`RngError`] when `rng` fails, or gives such a number every time.
    pub fn new(rng: &mut impl CryptoRngCore) -> Result<Self, RngError> {
        draw(rng, |random: &[u8; PLAINTEXT_LEN - 1]| {
            let [.., low, high] = *random;
            if matches!(u16::from_le_bytes([low, high]), 2..=255) {
                return None;
            }
            let mut plaintext = [0; PLAINTEXT_LEN];
            let [_, rest @ ..] = &mut plaintext;
            rest.copy_from_slice(random);
            Some(Self(plaintext))
        })
    }

    /// Encrypts it: 20 bytes of service data for [`SERVICE_UUID`](advert::SERVICE_UUID).
    #[must_use]
    pub fn seal(&self, key: &EidKey) -> [u8; SERVICE_DATA_LEN] {
        advert::seal(key, self.0)
    }

    /// Decrypts service data; `None` when it is somebody else's. Bytes behind the first 20 are ignored.
    #[must_use]
    pub fn open(key: &EidKey, service_data: &[u8]) -> Option<Self> {
        Self::from_plaintext(advert::open(key, service_data)?)
    }

    /// Reads a decrypted advert. `None` when its first byte is not zero.
    #[must_use]
    pub const fn from_plaintext(plaintext: [u8; PLAINTEXT_LEN]) -> Option<Self> {
        match plaintext {
            [0, ..] => Some(Self(plaintext)),
            _ => None,
        }
    }

    /// The 16 bytes that are encrypted.
    #[must_use]
    pub const fn plaintext(&self) -> &[u8; PLAINTEXT_LEN] {
        &self.0
    }
}

impl fmt::Debug for LinkedAdvert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkedAdvert(..)")
    }
}

#[cfg(test)]
mod tests {
    use hawser_test_rng::Draws;
    use rand_core::OsRng;

    use super::*;

    fn drawn(last: [u8; 2]) -> Vec<u8> {
        [&[7; 13][..], &last].concat()
    }

    #[test]
    fn what_browsers_take_for_an_unassigned_domain_is_drawn_again() {
        for refused in [[2, 0], [255, 0]] {
            let mut rng = Draws::of([drawn(refused), drawn([0, 1])].concat());
            assert_eq!(
                LinkedAdvert::new(&mut rng).unwrap().plaintext()[14..],
                [0, 1]
            );
        }
        for kept in [[0, 0], [1, 0], [0, 1], [255, 255]] {
            let advert = LinkedAdvert::new(&mut Draws::of(drawn(kept))).unwrap();
            assert_eq!(advert.plaintext()[14..], kept);
        }
    }

    #[test]
    fn a_laptop_takes_every_number_for_random() {
        let key = EidKey::from_bytes([1; 64]);
        let mut plaintext = [5; PLAINTEXT_LEN];
        plaintext[0] = 0;
        plaintext[14..].copy_from_slice(&[2, 0]);
        let advert = LinkedAdvert::from_plaintext(plaintext).unwrap();
        assert_eq!(LinkedAdvert::open(&key, &advert.seal(&key)), Some(advert));
        plaintext[0] = 1;
        assert_eq!(LinkedAdvert::from_plaintext(plaintext), None);
    }

    #[test]
    fn another_key_opens_nothing() {
        let sealed = LinkedAdvert::new(&mut OsRng)
            .unwrap()
            .seal(&EidKey::from_bytes([1; 64]));
        assert_eq!(
            LinkedAdvert::open(&EidKey::from_bytes([2; 64]), &sealed),
            None
        );
    }
}
