//! The keys of one session.

use hawser_proto::rand_core::CryptoRngCore;
use hawser_proto::{Advert, Invitation, PhoneHello, PhoneSession, PostHandshake, StartError};
use hawser_wire::{RoutingId, TunnelDomain};

use super::error::PhoneError;

/// The advert that tells the laptop where the phone waits, and the session with whoever hears it.
pub(super) fn draw(
    rng: &mut impl CryptoRngCore,
    invitation: &Invitation,
    (domain, routing_id): (TunnelDomain, RoutingId),
    introduction: PostHandshake,
) -> Result<(Advert, PhoneSession), PhoneError> {
    let hello = PhoneHello::new(introduction);
    Advert::new(rng, routing_id, domain)
        .map_err(StartError::from)
        .and_then(|advert| {
            let session = PhoneSession::new(invitation, &advert, hello, rng)?;
            Ok((advert, session))
        })
        .map_err(PhoneError::Start)
}

#[cfg(test)]
mod tests {
    use hawser_proto::rand_core::{CryptoRng, Error, RngCore};
    use hawser_proto::{Hint, LaptopInvitation, OsRng};

    use super::*;

    /// Works so many times and then never again.
    struct Failing {
        left: usize,
    }

    impl RngCore for Failing {
        fn next_u32(&mut self) -> u32 {
            unreachable!("everything is drawn as bytes")
        }

        fn next_u64(&mut self) -> u64 {
            unreachable!("everything is drawn as bytes")
        }

        fn fill_bytes(&mut self, _: &mut [u8]) {
            unreachable!("this way cannot say that it failed")
        }

        fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
            let left = self.left.checked_sub(1);
            self.left = left.ok_or_else(|| Error::new("no entropy"))?;
            OsRng.try_fill_bytes(dest)
        }
    }

    impl CryptoRng for Failing {}

    fn drawn_with(left: usize) -> Result<(), PhoneError> {
        let code = LaptopInvitation::new(&mut OsRng, Hint::GetAssertion, None, false).unwrap();
        let domain = TunnelDomain::from_id(266).unwrap();
        let here = (domain, RoutingId::from_bytes([0; 3]));
        let introduction = PostHandshake::ctap([0xA0]);
        draw(&mut Failing { left }, code.invitation(), here, introduction).map(drop)
    }

    /// The advert takes one draw, the session's key another.
    #[test]
    fn a_system_without_random_numbers_is_told_from_everything_else() {
        for left in [0, 1] {
            let error = drawn_with(left).unwrap_err();
            assert!(
                matches!(error, PhoneError::Start(StartError::Rng)),
                "{left}: {error:?}"
            );
            assert!(error.to_string().contains("cannot make keys"));
        }
        drawn_with(2).unwrap();
    }
}
