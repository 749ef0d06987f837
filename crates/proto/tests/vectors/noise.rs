//! Both handshakes, with the bytes of other implementations.

use hawser_proto::noise::{Initiator, Responder, Secured};
use hawser_proto::{PrivateKey, Psk, PublicKey, padding};
use hawser_test_rng::Draws;
use hkdf::Hkdf;
use sha2::{Digest as _, Sha256};

use crate::vector::{Outcome, Vector, ensure, hex};

pub(crate) fn check(vector: &Vector) -> Outcome {
    if vector.id == "noise-init-state" {
        return initial_state(vector);
    }
    let run = Run::new(vector)?;
    vector.expect_bytes("/message1", &run.message1)?;
    vector.expect_bytes("/message2", &run.message2)?;
    for side in [&run.laptop, &run.phone] {
        vector.expect_bytes("/handshake_hash", side.handshake_hash())?;
        let (to_phone, to_laptop) = (side.laptop_to_phone(), side.phone_to_laptop());
        vector.expect_bytes("/key_client_to_authenticator", to_phone.expose())?;
        vector.expect_bytes("/key_authenticator_to_client", to_laptop.expose())?;
    }
    records(vector, run)
}

struct Run {
    message1: Vec<u8>,
    message2: Vec<u8>,
    laptop: Secured,
    phone: Secured,
}

impl Run {
    fn new(vector: &Vector) -> Outcome<Self> {
        let psk = Psk::from_bytes(vector.array("psk")?);
        let mut laptop_draws = Draws::of(vector.array::<32>("initiator_ephemeral_private")?);
        let mut phone_draws = Draws::of(vector.array::<32>("responder_ephemeral_private")?);
        let pattern = vector.text("pattern")?;
        let ((laptop, message1), phone) = match pattern {
            "Noise_KNpsk0_P256_AESGCM_SHA256" => {
                vector.expect_input("prologue", "01")?;
                vector.expect_input("responder_static_private", None::<u8>)?;
                vector.expect_input("responder_static_public", None::<u8>)?;
                let own = key_pair(vector, "initiator_static")?;
                (
                    Initiator::qr(&psk, &own, &mut laptop_draws)?,
                    Responder::qr(&psk, &own.public_key(), &mut phone_draws)?,
                )
            }
            "Noise_NKpsk0_P256_AESGCM_SHA256" => {
                vector.expect_input("prologue", "00")?;
                vector.expect_input("initiator_static_private", None::<u8>)?;
                vector.expect_input("initiator_static_public", None::<u8>)?;
                let own = key_pair(vector, "responder_static")?;
                (
                    Initiator::linked(&psk, &own.public_key(), &mut laptop_draws)?,
                    Responder::linked(&psk, &own, &mut phone_draws)?,
                )
            }
            other => return Err(format!("no such handshake: {other}").into()),
        };
        let (phone, message2) = phone.finish(&message1)?;
        Ok(Self {
            laptop: laptop.finish(&message2)?,
            message1,
            message2,
            phone,
        })
    }
}

fn key_pair(vector: &Vector, name: &str) -> Outcome<PrivateKey> {
    let private = PrivateKey::from_bytes(&vector.array(&format!("{name}_private"))?)?;
    let public = PublicKey::from_uncompressed(&vector.bytes(&format!("{name}_public"))?)?;
    ensure(private.public_key() == public, "not a pair of keys")?;
    Ok(private)
}

/// The first two records of each direction.
fn records(vector: &Vector, run: Run) -> Outcome {
    let (mut laptop_seals, mut laptop_opens) = run.laptop.into_records();
    let (mut phone_seals, mut phone_opens) = run.phone.into_records();
    for (direction, sealer, opener) in [
        ("c2a", &mut laptop_seals, &mut phone_opens),
        ("a2c", &mut phone_seals, &mut laptop_opens),
    ] {
        for count in 0..2 {
            let at = format!("/transport/{direction}_{count}");
            let padded = format!("{at}/padded_plaintext");
            let mut plaintext = vector.expected_bytes(&padded)?;
            padding::unpad(&mut plaintext)?;
            let record = sealer.seal(&plaintext)?;
            vector.expect_bytes(&format!("{at}/ciphertext"), &record)?;

            let mut opened = opener.open(&record)?.to_vec();
            padding::pad(&mut opened);
            vector.expect_bytes(&padded, opened)?;
        }
    }
    Ok(())
}

/// The product does not show its initial state. But everything that is mixed into the handshake hash
/// is in the messages, so the hash at the end follows from the state at the start, and shows it.
fn initial_state(vector: &Vector) -> Outcome {
    let psk = Psk::from_bytes([9; 32]);
    let own = PrivateKey::from_bytes(&[2; 32])?;
    let public = own.public_key();

    let (laptop, message1) = Initiator::qr(&psk, &own, &mut Draws::of([3; 32]))?;
    let phone = Responder::qr(&psk, &public, &mut Draws::of([5; 32]))?;
    let (_, message2) = phone.finish(&message1)?;
    let hash = *laptop.finish(&message2)?.handshake_hash();
    let start = hex(vector.expected_text("/KNpsk0_h0_ck0")?)?;
    let computed = hash_from(&start, &[1], &public, &psk, [&message1, &message2])?;
    ensure(computed == hash, "KN does not start so")?;

    let (laptop, message1) = Initiator::linked(&psk, &public, &mut Draws::of([3; 32]))?;
    let phone = Responder::linked(&psk, &own, &mut Draws::of([5; 32]))?;
    let (_, message2) = phone.finish(&message1)?;
    let hash = *laptop.finish(&message2)?.handshake_hash();
    let start = hex(vector.expected_text("/NKpsk0_h0_ck0")?)?;
    let computed = hash_from(&start, &[0], &public, &psk, [&message1, &message2])?;
    ensure(computed == hash, "NK does not start so")
}

/// `start` is both the hash and the chaining key (Noise §5.2).
fn hash_from(
    start: &[u8],
    prologue: &[u8],
    known_key: &PublicKey,
    psk: &Psk,
    messages: [&[u8]; 2],
) -> Outcome<[u8; 32]> {
    let mut mixed = [0; 96];
    Hkdf::<Sha256>::new(Some(start), psk.expose())
        .expand(&[], &mut mixed)
        .map_err(|_| "too long")?;
    let mut hash = start.to_vec();
    let mut mix = |data: &[u8]| hash = Sha256::digest([&hash[..], data].concat()).to_vec();
    mix(prologue);
    mix(known_key.as_bytes());
    mix(&mixed[32..64]);
    for message in messages {
        let (ephemeral, tag) = message.split_at_checked(65).ok_or("too short")?;
        mix(ephemeral);
        mix(tag);
    }
    crate::vector::sized(&hash)
}
