//! Padding, un-padding, and the padded CBOR of revision 0, which is refused.

use hawser_proto::frame::Frame;
use hawser_proto::padding::{self, PaddingError};
use hawser_proto::post_handshake::PostHandshakeError;
use hawser_proto::{CborError, PostHandshake};

use crate::vector::{Outcome, Vector, ensure};

pub(crate) fn check(vector: &Vector) -> Outcome {
    if vector.has_input("map") {
        revision_0(vector)
    } else if vector.expects("/error") {
        refused(vector)
    } else if vector.expects("/frame") {
        padded_before_its_type(vector)
    } else if vector.has_input("padded") {
        let mut padded = vector.bytes("padded")?;
        padding::unpad(&mut padded)?;
        vector.expect_bytes("/plaintext", padded)
    } else {
        let plaintext = vector.bytes("plaintext")?;
        let mut padded = plaintext.clone();
        padding::pad(&mut padded);
        vector.expect_bytes("/padded", &padded)?;
        ensure(
            padded.len() == padding::padded_len(plaintext.len()),
            "length",
        )?;
        padding::unpad(&mut padded)?;
        ensure(padded == plaintext, "not un-padded as padded")
    }
}

fn refused(vector: &Vector) -> Outcome {
    let mut padded = vector.bytes("padded")?;
    let is_expected = match vector.expected_text("/error")? {
        "empty plaintext is an error" => padded.is_empty(),
        "padding length exceeds frame" => padded
            .last()
            .is_some_and(|count| usize::from(*count) >= padded.len()),
        _ => false,
    };
    ensure(is_expected, "another error")?;
    ensure(
        padding::unpad(&mut padded) == Err(PaddingError),
        "un-padded",
    )
}

/// A library in the field pads the payload and puts the type byte in front of that: 33 bytes.
fn padded_before_its_type(vector: &Vector) -> Outcome {
    let padded = vector.expected_bytes("/padded")?;
    let mut theirs = vector.bytes("payload")?;
    padding::pad(&mut theirs);
    theirs.insert(0, vector.number("type")?);
    vector.expect_bytes("/padded", &theirs)?;

    let mut plaintext = padded;
    padding::unpad(&mut plaintext)?;
    vector.expect_bytes("/frame", &plaintext)?;
    let frame = Frame::decode(plaintext.into())?;
    ensure(
        frame.kind().byte() == vector.number::<u8>("type")?,
        "another type",
    )?;
    ensure(
        frame.payload() == vector.bytes("payload")?,
        "another payload",
    )
}

/// Browsers of 2021 padded the introduction once more, inside the encryption. The product refuses
/// it: the zeros are bytes behind a CBOR item.
fn revision_0(vector: &Vector) -> Outcome {
    let map = vector.bytes("map")?;
    let mut padded = map.clone();
    let len = (map.len() + 2).next_multiple_of(512);
    let zeros = u16::try_from(len - map.len() - 2)?;
    padded.resize(len - 2, 0);
    padded.extend(zeros.to_le_bytes());
    if vector.expects("/padded") {
        vector.expect_bytes("/padded", &padded)?;
    } else {
        vector.expect("/padded_length", padded.len())?;
        vector.expect_bytes("/last_two_bytes", zeros.to_le_bytes())?;
    }
    // The map itself, so that nothing but the padding can be the reason.
    ensure(crate::cbor::to_json(&map)?.is_object(), "not a map")?;
    let offset = map.len();
    let refused = PostHandshakeError::Cbor(CborError::Trailing { offset });
    ensure(
        PostHandshake::decode(&padded) == Err(refused),
        "revision 0 was read",
    )
}
