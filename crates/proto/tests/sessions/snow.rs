//! The panics of the Noise library that this crate stands on (0.10), each shown once in the library
//! alone, and once more to be out of reach through this crate.
//!
//! When one of the `alone` tests fails, a newer library has mended it, and the guard against it in
//! `noise/resolver.rs` may go.

use std::panic::{AssertUnwindSafe, catch_unwind};

use hawser_proto::noise::{Initiator, NoiseError, Responder};
use hawser_proto::{KeyError, OsRng, PrivateKey, Psk, PublicKey, SessionError, StartError};
use hawser_test_rng::Draws;
use snow::Builder;

use crate::world::{self, FLOWS, Flow};

/// The order of the curve: the first scalar that is too large.
const ORDER: [u8; 32] = [
    0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6,
    0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
];

const KN: &str = "Noise_KNpsk0_P256_AESGCM_SHA256";

/// Private keys that are none.
fn bad_scalars() -> [[u8; 32]; 3] {
    [[0; 32], ORDER, [0xFF; 32]]
}

/// Begins as a laptop behind a QR code would, with the library alone.
fn begin_alone(private: &[u8]) -> bool {
    let begun = catch_unwind(AssertUnwindSafe(|| {
        let mut state = Builder::new(KN.parse().unwrap())
            .local_private_key(private)
            .and_then(|builder| builder.psk(0, &[0; 32]))
            .and_then(Builder::build_initiator)
            .unwrap();
        state.write_message(&[], &mut [0; 200]).unwrap()
    }));
    begun.is_ok()
}

/// Answers as a phone behind a QR code would, with the library alone. `None` after a panic.
fn answer_alone(laptop: &[u8], message: &[u8]) -> Option<Result<usize, snow::Error>> {
    let answered = catch_unwind(AssertUnwindSafe(|| {
        let mut state = Builder::new(KN.parse().unwrap())
            .prologue(&[1])
            .and_then(|builder| builder.remote_public_key(laptop))
            .and_then(|builder| builder.psk(0, &[0; 32]))
            .and_then(Builder::build_responder)?;
        state.read_message(message, &mut [0; 200])?;
        state.write_message(&[], &mut [0; 200])
    }));
    answered.ok()
}

#[test]
fn alone_it_panics_at_private_keys_that_are_none() {
    assert!(begin_alone(&[2; 32]), "a sound key must not panic");
    for private in bad_scalars() {
        assert!(!begin_alone(&private));
    }
    assert!(!begin_alone(&[2; 33]));
}

#[test]
fn a_private_key_that_is_none_cannot_be_made() {
    for private in bad_scalars() {
        let refused = PrivateKey::from_bytes(&private).err();
        assert_eq!(refused, Some(KeyError::OutOfRange));
    }
    // 33 bytes do not compile: the argument is an array of 32.
    assert_eq!(PrivateKey::LEN, 32);
}

#[test]
fn alone_it_panics_at_a_public_key_that_is_too_long_and_believes_a_compressed_one() {
    let key = PrivateKey::from_bytes(&[2; 32]).unwrap();
    let public = key.public_key();
    let psk = Psk::from_bytes([0; 32]);
    let (_, message) = Initiator::qr(&psk, &key, &mut OsRng).unwrap();
    let sound = answer_alone(public.as_bytes(), &message);
    assert_eq!(sound, Some(Ok(81)), "a sound key must not panic");

    let longer = [&public.as_bytes()[..], &[0]].concat();
    assert_eq!(answer_alone(&longer, &message), None);
    // No panic, but it is noticed late: the length is not checked.
    let compressed = answer_alone(&public.to_compressed(), &message);
    assert!(matches!(compressed, Some(Err(_))), "{compressed:?}");
}

#[test]
fn a_public_key_of_another_length_cannot_be_made() {
    let public = PrivateKey::from_bytes(&[2; 32]).unwrap().public_key();
    let bytes = [&public.as_bytes()[..], &[0]].concat();
    for found in (0..=bytes.len()).filter(|len| *len != PublicKey::LEN) {
        let refused = PublicKey::from_uncompressed(&bytes[..found]).err();
        let expected = PublicKey::LEN;
        assert_eq!(refused, Some(KeyError::Length { expected, found }));
    }
    let refused = PublicKey::from_uncompressed(&public.to_compressed()).err();
    assert!(matches!(refused, Some(KeyError::Length { .. })));
    let read = PublicKey::from_compressed(&public.to_compressed()).unwrap();
    assert_eq!(
        read.as_bytes().len(),
        PublicKey::LEN,
        "it is expanded at once"
    );
}

/// The panic that happens by chance: the library draws its ephemeral key once, and believes it.
/// Through this crate it is drawn again, in every session.
#[test]
fn an_ephemeral_key_that_is_none_is_drawn_again() {
    for flow in FLOWS {
        for bad in bad_scalars() {
            let rng = &mut Draws::of([bad, bad, [3; 32]].concat());
            let (mut laptop, first) = start(flow, rng).unwrap();
            assert_eq!(rng.count(), 3);
            let expected = PrivateKey::from_bytes(&[3; 32]).unwrap().public_key();
            assert_eq!(first[..65], expected.as_bytes()[..]);

            let rng = &mut Draws::of([bad, [5; 32]].concat());
            let said = wait(flow, rng).unwrap().receive(&first).unwrap().send;
            let expected = PrivateKey::from_bytes(&[5; 32]).unwrap().public_key();
            assert_eq!(said[0][..65], expected.as_bytes()[..]);
            assert!(laptop.receive(&said[0]).is_ok());
        }
        assert_eq!(
            start(flow, &mut Draws::always(0)).err(),
            Some(StartError::Rng)
        );
        assert_eq!(
            wait(flow, &mut Draws::always(0)).err(),
            Some(StartError::Rng)
        );
        assert_eq!(start(flow, &mut Draws::none()).err(), Some(StartError::Rng));
    }
}

/// In KN the first message has no Diffie-Hellman, so the library accepts a point off the curve there.
#[test]
fn a_point_off_the_curve_is_refused_before_the_library_sees_it() {
    for flow in FLOWS {
        let (mut laptop, first) = world::laptop(flow);
        let said = world::phone(flow).receive(&first).unwrap().send;
        let refused = SessionError::Handshake(NoiseError::PublicKey(KeyError::NotOnCurve));
        for (mut message, is_first) in [(first, true), (said[0].clone(), false)] {
            message[64] ^= 1;
            let result = if is_first {
                world::phone(flow).receive(&message).map(|_| ())
            } else {
                laptop.receive(&message).map(|_| ())
            };
            assert_eq!(result, Err(refused));
        }
    }
}

/// Every mark in front of a key but that of an uncompressed point, through whole sessions.
#[test]
fn only_an_uncompressed_key_is_read_from_a_message() {
    let (_, first) = world::laptop(Flow::Qr);
    for mark in [0x00, 0x02, 0x03, 0x05, 0x06, 0x07, 0xFF] {
        let mut altered = first.clone();
        altered[0] = mark;
        let refused = NoiseError::PublicKey(KeyError::Encoding(mark));
        assert_eq!(
            world::phone(Flow::Qr).receive(&altered),
            Err(SessionError::Handshake(refused))
        );
    }
}

/// The handshake's messages are the library's, so that the comparison is fair: it takes ours.
#[test]
fn the_library_alone_answers_an_honest_laptop() {
    let key = PrivateKey::from_bytes(&[2; 32]).unwrap();
    let psk = Psk::from_bytes([0; 32]);
    let (_, message) = Initiator::qr(&psk, &key, &mut OsRng).unwrap();
    assert_eq!(
        answer_alone(key.public_key().as_bytes(), &message),
        Some(Ok(81))
    );
    let responder = Responder::qr(&psk, &key.public_key(), &mut OsRng).unwrap();
    assert_eq!(responder.finish(&message).unwrap().1.len(), 81);
}

fn start(
    flow: Flow,
    rng: &mut Draws,
) -> Result<(hawser_proto::LaptopSession, Vec<u8>), StartError> {
    use hawser_proto::{ConnectionSignal, LaptopSession};
    match flow {
        Flow::Qr => LaptopSession::start(&world::shown(), &world::advert(), rng),
        Flow::Linked => {
            let signal = ConnectionSignal::NotExpected;
            LaptopSession::start_linked(&world::link(), &world::linked_advert(), signal, rng)
        }
    }
}

fn wait(flow: Flow, rng: &mut Draws) -> Result<hawser_proto::PhoneSession, StartError> {
    use hawser_proto::{PhoneHello, PhoneSession};
    let hello = PhoneHello::new(world::introduction());
    match flow {
        Flow::Qr => PhoneSession::new(world::shown().invitation(), &world::advert(), hello, rng),
        Flow::Linked => {
            let secret = world::offer().secret;
            let (identity, advert) = (world::identity(), world::linked_advert());
            PhoneSession::new_linked(&secret, &identity, &advert, hello, rng)
        }
    }
}
