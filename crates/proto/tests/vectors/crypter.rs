//! Records at several counts, and the construction of old browsers, which is refused.

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _};
use hawser_proto::padding;
use hawser_proto::record::{OpenError, Opener, Sealer, TrafficKey};

use crate::vector::{Outcome, Vector, ensure};

pub(crate) fn check(vector: &Vector) -> Outcome {
    let key = if vector.has_input("write_key") {
        vector.array("write_key")?
    } else {
        vector.array("key")?
    };
    let counter: u32 = vector.number("counter")?;
    ensure(counter <= 1000, "too many records to seal before it")?;
    let frame = vector.bytes("frame")?;
    let is_old = vector.id.starts_with("crypter-old-");

    let mut padded = frame.clone();
    padding::pad(&mut padded);
    if vector.expects("/padded") {
        vector.expect_bytes("/padded", &padded)?;
    }
    if vector.expects("/padded_length") {
        vector.expect("/padded_length", padded.len())?;
        vector.expect("/padded_length", padding::padded_len(frame.len()))?;
    }
    // The cipher itself, with the nonce and the additional data that the vector names.
    if vector.expects("/nonce") {
        let nonce = nonce(counter, is_old);
        vector.expect_bytes("/nonce", nonce)?;
        let aad = vector.expected_bytes("/aad")?;
        let payload = Payload {
            msg: &padded,
            aad: &aad,
        };
        let record = Aes256Gcm::new(&key.into()).encrypt(&nonce.into(), payload);
        vector.expect_bytes("/ciphertext", record.map_err(|_| "not sealed")?)?;
    }

    let (sealer, opener) = at(&key, counter)?;
    if is_old {
        refused(vector, opener)
    } else {
        sealed_and_opened(vector, &frame, sealer, opener)
    }
}

/// The count stands at the end, in network order; in the old construction at the start, reversed.
fn nonce(counter: u32, is_old: bool) -> [u8; 12] {
    let mut nonce = [0; 12];
    if is_old {
        nonce[..4].copy_from_slice(&counter.to_le_bytes());
    } else {
        nonce[8..].copy_from_slice(&counter.to_be_bytes());
    }
    nonce
}

/// Both directions, after as many records as the counter says.
fn at(key: &[u8; 32], counter: u32) -> Outcome<(Sealer, Opener)> {
    let key = TrafficKey::from_bytes(*key);
    let (mut sealer, mut opener) = (Sealer::new(&key), Opener::new(&key));
    for _ in 0..counter {
        opener.open(&sealer.seal(b"earlier")?)?;
    }
    Ok((sealer, opener))
}

fn sealed_and_opened(
    vector: &Vector,
    frame: &[u8],
    mut sealer: Sealer,
    mut opener: Opener,
) -> Outcome {
    let record = sealer.seal(frame)?;
    vector.expect_bytes("/ciphertext", &record)?;
    ensure(**opener.open(&record)? == *frame, "not opened as sealed")
}

/// Browsers dropped it in 2022. Nothing that speaks it is left to talk to.
fn refused(vector: &Vector, mut opener: Opener) -> Outcome {
    let result = opener.open(&vector.expected_bytes("/ciphertext")?);
    ensure(
        result == Err(OpenError::Decrypt),
        "the old construction was opened",
    )
}
