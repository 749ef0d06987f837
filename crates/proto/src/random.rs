//! Random bytes, from a generator that may be broken.
//!
//! A generator that fails, or gives the same unusable bytes for ever, is an error here: never a panic,
//! an endless loop or a weak key.

use rand_core::CryptoRngCore;
use zeroize::Zeroizing;

/// The random number generator failed, or gave unusable bytes every time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the random number generator gives nothing usable")]
pub struct RngError;

/// How often something is drawn before the generator is called broken. With a sound one a key needs a
/// second draw once in 2^32 times, and a linked advert once in 258.
const DRAWS: usize = 64;

/// Draws `N` bytes, and again while `accept` makes nothing of them.
pub(crate) fn draw<const N: usize, T>(
    rng: &mut impl CryptoRngCore,
    accept: impl Fn(&[u8; N]) -> Option<T>,
) -> Result<T, RngError> {
    let mut bytes = Zeroizing::new([0; N]);
    for _ in 0..DRAWS {
        // The other way to fill them panics when the system has none.
        rng.try_fill_bytes(bytes.as_mut()).map_err(|_| RngError)?;
        if let Some(drawn) = accept(&bytes) {
            return Ok(drawn);
        }
    }
    Err(RngError)
}

/// Draws `N` bytes, whatever they are.
pub(crate) fn bytes<const N: usize>(rng: &mut impl CryptoRngCore) -> Result<[u8; N], RngError> {
    draw(rng, |bytes| Some(*bytes))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use hawser_test_rng::Draws;
    use hawser_wire::{ContactId, RoutingId, TunnelDomain};

    use super::*;
    use crate::{
        Advert, Hint, LaptopInvitation, Link, LinkId, LinkSecret, LinkedAdvert, LinkedRequest,
        PrivateKey, QrSecret, RootSecret,
    };

    /// Zero and 2^256 - 1 are no private keys.
    #[test]
    fn a_key_is_drawn_so_often_and_no_more() {
        for byte in [0, 0xFF] {
            let mut rng = Draws::always(byte);
            assert_eq!(PrivateKey::generate(&mut rng).err(), Some(RngError));
            assert_eq!(rng.count(), DRAWS);
            let made = LaptopInvitation::new(&mut rng, Hint::GetAssertion, None, false);
            assert_eq!(made.err(), Some(RngError));
        }
    }

    /// What browsers would take for the unassigned domain 2.
    #[test]
    fn a_linked_advert_is_drawn_so_often_and_no_more() {
        let mut rng = Draws::filled(|dest| {
            dest.fill(0);
            if let [.., low, _] = dest {
                *low = 2;
            }
        });
        assert_eq!(LinkedAdvert::new(&mut rng).err(), Some(RngError));
        assert_eq!(rng.count(), DRAWS);
    }

    #[test]
    fn the_last_draw_counts() {
        for (bad, expected) in [(DRAWS - 1, Ok(())), (DRAWS, Err(RngError))] {
            let left = Cell::new(bad);
            let drawn = draw(&mut Draws::filled(|_| {}), |_: &[u8; 1]| {
                let now = left.get();
                left.set(now.saturating_sub(1));
                (now == 0).then_some(())
            });
            assert_eq!(drawn, expected, "{bad} bad draws");
        }
    }

    /// Once is enough to know, and nothing panics.
    #[test]
    fn a_generator_that_fails_is_asked_once() {
        type Draw<'a> = &'a dyn Fn(&mut Draws) -> Option<RngError>;

        let domain = TunnelDomain::from_id(266).unwrap();
        let link = Link {
            contact_id: ContactId::from_bytes([1]).unwrap(),
            link_id: LinkId::from_bytes(&[1]).unwrap(),
            secret: LinkSecret::from_bytes(&[1]).unwrap(),
            public_key: PrivateKey::from_bytes(&[2; 32]).unwrap().public_key(),
            name: String::new(),
            domain,
        };
        let draws: [Draw<'_>; 7] = [
            &|rng| PrivateKey::generate(rng).err(),
            &|rng| QrSecret::generate(rng).err(),
            &|rng| RootSecret::generate(rng).err(),
            &|rng| Advert::new(rng, RoutingId::from_bytes([0; 3]), domain).err(),
            &|rng| LinkedAdvert::new(rng).err(),
            &|rng| LaptopInvitation::new(rng, Hint::GetAssertion, None, false).err(),
            &|rng| LinkedRequest::new(rng, &link, Hint::GetAssertion).err(),
        ];
        for (index, draw) in draws.into_iter().enumerate() {
            let mut rng = Draws::none();
            assert_eq!(draw(&mut rng), Some(RngError), "{index}");
            assert_eq!(rng.count(), 1, "{index}");
        }
    }
}
