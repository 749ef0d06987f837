//! The keys of one session.

use hawser_proto::advert::SERVICE_DATA_LEN;
use hawser_proto::rand_core::CryptoRngCore;
use hawser_proto::{Advert, Invitation, LinkedAdvert, PhoneHello, PhoneSession, StartError};
use hawser_wire::{RoutingId, TunnelDomain};

use crate::linked::LinkedCall;

/// What goes on the air, and the session with whoever hears it.
pub(super) type Drawn = ([u8; SERVICE_DATA_LEN], PhoneSession);

/// For the laptop that showed a code. The advert tells it where the phone waits.
pub(super) fn draw(
    rng: &mut impl CryptoRngCore,
    invitation: &Invitation,
    (domain, routing_id): (TunnelDomain, RoutingId),
    hello: PhoneHello,
) -> Result<Drawn, StartError> {
    let advert = Advert::new(rng, routing_id, domain)?;
    let session = PhoneSession::new(invitation, &advert, hello, rng)?;
    Ok((advert.seal(&invitation.eid_key()), session))
}

/// For a linked laptop. The advert only says that the phone is near.
pub(super) fn draw_linked(
    rng: &mut impl CryptoRngCore,
    call: &LinkedCall,
    hello: PhoneHello,
) -> Result<Drawn, StartError> {
    let advert = LinkedAdvert::new(rng)?;
    let session = PhoneSession::new_linked(call.secret(), call.identity(), &advert, hello, rng)?;
    let key = call.secret().eid_key(call.request().nonce());
    Ok((advert.seal(&key), session))
}

#[cfg(test)]
mod tests {
    use hawser_proto::{
        Hint, LaptopInvitation, LinkId, LinkSecret, LinkedRequest, OsRng, PostHandshake, PrivateKey,
    };
    use hawser_test_rng::Draws;
    use hawser_wire::TunnelId;

    use super::*;

    const NOWHERE: RoutingId = RoutingId::from_bytes([0; 3]);

    fn drawn_for_a_code(left: usize) -> Result<(), StartError> {
        let code = LaptopInvitation::new(&mut OsRng, Hint::GetAssertion, None, false).unwrap();
        let here = (TunnelDomain::from_id(266).unwrap(), NOWHERE);
        let hello = PhoneHello::new(PostHandshake::ctap([0xA0]));
        draw(
            &mut Draws::of_the_system(left),
            code.invitation(),
            here,
            hello,
        )
        .map(drop)
    }

    fn drawn_for_a_link(left: usize) -> Result<(), StartError> {
        let link_id = LinkId::from_bytes(&[1; 8]).unwrap();
        let call = LinkedCall::new(
            LinkedRequest::with_nonce(link_id, [2; 16], Hint::GetAssertion),
            NOWHERE,
            TunnelId::from_bytes([0; 16]),
            LinkSecret::from_bytes(&[3; 32]).unwrap(),
            PrivateKey::from_bytes(&[4; 32]).unwrap(),
        );
        // An advert that is drawn again takes one draw more, and one in 258 is.
        let hello = PhoneHello::new(PostHandshake::ctap([0xA0]));
        draw_linked(&mut Draws::of_the_system(left), &call, hello).map(drop)
    }

    /// The advert takes one draw, the session's key another.
    #[test]
    fn a_system_without_random_numbers_is_told_from_everything_else() {
        for left in [0, 1] {
            assert_eq!(drawn_for_a_code(left), Err(StartError::Rng), "{left}");
            assert_eq!(drawn_for_a_link(left), Err(StartError::Rng), "{left}");
        }
        drawn_for_a_code(2).unwrap();
        drawn_for_a_link(20).unwrap();
    }
}
