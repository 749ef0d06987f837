//! Sessions whose random number generator fails or repeats itself.

use hawser_proto::rand_core::{CryptoRngCore, OsRng};
use hawser_proto::{LaptopSession, PhoneEvent, PhoneHello, PhoneSession, SessionError, StartError};
use hawser_test_rng::Draws;

use crate::world::{self, FLOWS, Flow};

/// Makes a private key, the same each time.
fn repeating() -> Draws {
    Draws::always(3)
}

fn opened(
    flow: Flow,
    laptops: &mut impl CryptoRngCore,
    phones: &mut impl CryptoRngCore,
) -> (LaptopSession, PhoneSession) {
    let hello = PhoneHello::new(world::introduction());
    let laptop = world::laptop_with(flow, laptops).unwrap();
    let phone = world::phone_with(flow, hello, phones).unwrap();
    world::introduced(laptop, phone)
}

/// Zero and 2^256 - 1 are no private keys.
#[test]
fn without_a_key_no_session_starts() {
    for flow in FLOWS {
        for given in [None, Some(0), Some(0xFF)] {
            let draws = || given.map_or_else(Draws::none, Draws::always);
            let laptop = world::laptop_with(flow, &mut draws());
            assert_eq!(laptop.err(), Some(StartError::Rng), "{flow:?} {given:?}");
            let hello = PhoneHello::new(world::introduction());
            let phone = world::phone_with(flow, hello, &mut draws());
            assert_eq!(phone.err(), Some(StartError::Rng), "{flow:?} {given:?}");
        }
    }
}

/// With the same code or link, and the same advert even.
#[test]
fn one_sound_generator_is_enough_for_keys_that_no_other_session_has() {
    for flow in FLOWS {
        let laptop_repeats = || opened(flow, &mut repeating(), &mut OsRng);
        let phone_repeats = || opened(flow, &mut OsRng, &mut repeating());
        let pairs = [
            (laptop_repeats(), laptop_repeats()),
            (phone_repeats(), phone_repeats()),
        ];
        for ((mut laptop, _), (_, mut other_phone)) in pairs {
            let recorded = laptop.request(&[4]).unwrap();
            let replayed = other_phone.receive(&recorded);
            assert!(
                matches!(replayed, Err(SessionError::Open(_))),
                "{flow:?} {replayed:?}"
            );
        }
    }
}

/// Nobody can notice then: the two have the same key, and so has every session of theirs.
#[test]
fn two_generators_that_repeat_the_same_still_make_a_session() {
    for flow in FLOWS {
        let (mut laptop, mut phone) = opened(flow, &mut repeating(), &mut repeating());
        let step = phone.receive(&laptop.request(&[4]).unwrap()).unwrap();
        assert_eq!(step.event, Some(PhoneEvent::Request(vec![4])));
    }
}
