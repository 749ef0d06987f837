//! What a phone may say of itself, and what a laptop makes of it.

use hawser_proto::post_handshake::PostHandshakeError;
use hawser_proto::{LaptopEvent, PostHandshake, SessionError};

use crate::world::{self, FLOWS};

/// What the laptop knows after an introduction, or why it has given up.
fn introduced(plaintext: &[u8]) -> Result<PostHandshake, SessionError> {
    let flows = FLOWS.map(|flow| {
        let (mut laptop, mut holder) = world::laptop_and_key_holder(flow);
        let result = laptop.receive(&holder.say(plaintext));
        assert_eq!(
            laptop.request(&[]).err() == Some(SessionError::Closed),
            result.is_err(),
            "an error ends the session, and nothing else does"
        );
        result.map(|step| match step.event {
            Some(LaptopEvent::Ready(phone)) => phone,
            other => panic!("{other:?}"),
        })
    });
    assert_eq!(flows[0], flows[1], "both flows read the same");
    flows.into_iter().next().unwrap()
}

fn refused(error: PostHandshakeError) -> Result<PostHandshake, SessionError> {
    Err(SessionError::PostHandshake(error))
}

/// In CBOR: h'a0' is the smallest information about an authenticator.
#[test]
fn an_offer_and_the_information_go_together() {
    // {1: h'a0'}: a phone that names no features offers CTAP.
    assert_eq!(
        introduced(&[0xA1, 1, 0x41, 0xA0]),
        Ok(PostHandshake::ctap([0xA0]))
    );
    // {3: ["dc"]}
    assert_eq!(introduced(b"\xA1\x03\x81\x62dc"), Ok(PostHandshake::json()));
    // {1: h'a0', 3: ["ctap", "dc"]}
    let both = PostHandshake::ctap([0xA0]).and_json();
    assert_eq!(
        introduced(b"\xA2\x01\x41\xA0\x03\x82\x64ctap\x62dc"),
        Ok(both)
    );

    // {}, {3: ["ctap"]}: CTAP, but not a word about it.
    let silent = PostHandshakeError::NoGetInfo;
    assert_eq!(introduced(&[0xA0]), refused(silent));
    assert_eq!(introduced(b"\xA1\x03\x81\x64ctap"), refused(silent));
    // {1: h'a0', 3: ["dc"]}, {1: h'a0', 3: []}
    let too_much = PostHandshakeError::UnexpectedGetInfo;
    assert_eq!(
        introduced(b"\xA2\x01\x41\xA0\x03\x81\x62dc"),
        refused(too_much)
    );
    assert_eq!(introduced(b"\xA2\x01\x41\xA0\x03\x80"), refused(too_much));
}

#[test]
fn padding_unknown_features_and_unknown_keys_are_ignored() {
    // {0: h'0000', 1: h'a0', 3: ["ctap", "new"], 999: true}
    let plaintext = b"\xA4\x00\x42\x00\x00\x01\x41\xA0\x03\x82\x64ctap\x63new\x19\x03\xE7\xF5";
    assert_eq!(introduced(plaintext), Ok(PostHandshake::ctap([0xA0])));
}

#[test]
fn what_is_no_canonical_map_ends_the_session() {
    for plaintext in [
        &[][..],
        &[0x80],
        &[0xF6],
        // A value is missing; a key comes twice; keys descend; a number could be shorter.
        &[0xA1, 1],
        &[0xA2, 1, 0x41, 0xA0, 1, 0x41, 0xA0],
        &[0xA2, 3, 0x80, 1, 0x41, 0xA0],
        &[0xA1, 0x18, 1, 0x41, 0xA0],
        // Bytes behind the map; an indefinite length.
        &[0xA1, 1, 0x41, 0xA0, 0],
        &[0xBF, 1, 0x41, 0xA0, 0xFF],
    ] {
        let result = introduced(plaintext);
        let is_expected = matches!(
            result,
            Err(SessionError::PostHandshake(PostHandshakeError::Cbor(_)))
        );
        assert!(is_expected, "{plaintext:02x?}: {result:?}");
    }
}

#[test]
fn a_value_of_the_wrong_type_ends_the_session() {
    for (plaintext, key) in [
        (&[0xA1, 1, 0xA0][..], 1),
        (&[0xA2, 1, 0x41, 0xA0, 2, 0x40], 2),
        (&[0xA2, 1, 0x41, 0xA0, 3, 0xA0], 3),
        (&[0xA2, 1, 0x41, 0xA0, 3, 0x81, 1], 3),
    ] {
        let wrong = PostHandshakeError::Type { key };
        assert_eq!(introduced(plaintext), refused(wrong), "{plaintext:02x?}");
    }
}

/// A frame is no introduction, though it may be the next thing that a phone says.
#[test]
fn a_frame_in_its_place_ends_the_session() {
    for frame in [&[0][..], &[1, 0], &[2, 0xA0], &[3, b'{', b'}']] {
        assert!(introduced(frame).is_err(), "{frame:02x?}");
    }
}
