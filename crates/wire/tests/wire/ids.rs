//! Ids as text: either letter case in, upper case out, nothing else.

use hawser_wire::{ContactId, IdError, RoutingId, TunnelId};
use proptest::collection::vec;
use proptest::prelude::*;

const TUNNEL: &str = "3EEF97097986413B059EAA2A30D653D4";

#[test]
fn hex_is_read_in_either_case_and_written_in_one() {
    let upper: TunnelId = TUNNEL.parse().unwrap();
    let lower: TunnelId = TUNNEL.to_lowercase().parse().unwrap();
    let mixed: TunnelId = "3eEF97097986413b059EAA2A30D653d4".parse().unwrap();
    assert!(upper == lower && upper == mixed);
    assert_eq!(upper.to_hex(), TUNNEL);
    let routing: RoutingId = "a1B2c3".parse().unwrap();
    assert_eq!(routing.to_hex(), "A1B2C3");
    assert_eq!(routing.as_bytes(), &[0xA1, 0xB2, 0xC3]);
}

#[test]
fn a_wrong_length_is_named() {
    for found in (0..70).filter(|len| *len != 32) {
        let refused = "0".repeat(found).parse::<TunnelId>();
        assert_eq!(
            refused,
            Err(IdError::Length {
                expected: 32,
                found
            })
        );
    }
    for found in (0..20).filter(|len| *len != 6) {
        let refused = "0".repeat(found).parse::<RoutingId>();
        assert_eq!(refused, Err(IdError::Length { expected: 6, found }));
    }
}

#[test]
fn what_is_no_digit_is_named_with_its_place() {
    for (text, offset) in [
        ("g1B2C3", 0),
        ("A1B2C-", 5),
        ("A1 2C3", 2),
        ("0xA1B2", 1),
        ("A1%2C3", 2),
    ] {
        let refused = text.parse::<RoutingId>();
        assert_eq!(
            refused,
            Err(IdError::Alphabet {
                alphabet: "hex",
                offset
            }),
            "{text}"
        );
    }
    // Six characters, but more bytes: the length is right, and the error must not say otherwise.
    for (text, offset) in [("A1B2Cé", 5), ("１２３４５６", 0)] {
        let refused = text.parse::<RoutingId>();
        let alphabet = "hex";
        assert_eq!(
            refused,
            Err(IdError::Alphabet { alphabet, offset }),
            "{text}"
        );
    }
    // Six bytes, but fewer characters.
    for (text, found) in [("äöü", 3), ("１２", 2)] {
        let refused = text.parse::<RoutingId>();
        assert_eq!(
            refused,
            Err(IdError::Length { expected: 6, found }),
            "{text}"
        );
    }
}

#[test]
fn a_contact_id_has_a_longest_length() {
    let longest = ContactId::from_bytes([7; ContactId::MAX_LEN]).unwrap();
    let text = longest.to_base64url();
    assert!("/cable/contact/".len() + text.len() <= 2048 + 15);
    assert_eq!(text.parse(), Ok(longest));

    let refused = Err(IdError::ContactLength);
    assert_eq!(ContactId::from_bytes([7; ContactId::MAX_LEN + 1]), refused);
    assert_eq!(ContactId::from_bytes([]), refused);
    assert_eq!("".parse::<ContactId>(), refused);
    // One byte more, and far more, which is not even decoded.
    for len in [2001, 2002, 2004, 100_000] {
        assert_eq!("A".repeat(len).parse::<ContactId>(), refused, "{len}");
    }
}

#[test]
fn a_contact_id_is_base64url_without_padding() {
    let id = ContactId::from_bytes([0xFA, 0xFB, 0xFC, 0xFD, 0xFE, 0xFF, 0x00]).unwrap();
    assert_eq!(id.to_base64url(), "-vv8_f7_AA");
    for text in [
        "+vv8/f7/AA",
        "-vv8_f7_AA==",
        "-vv8_f7_AB",
        "-vv8_f7_A",
        "a b",
        "%2D",
    ] {
        assert!(text.parse::<ContactId>().is_err(), "{text}");
    }
}

/// Whoever knows a tunnel id can take a place in the tunnel; a contact id can be a push token.
#[test]
fn debug_shows_a_start_or_a_length() {
    let tunnel: TunnelId = TUNNEL.parse().unwrap();
    assert_eq!(format!("{tunnel:?}"), "TunnelId(3EEF97..)");
    let contact = ContactId::from_bytes([7; 40]).unwrap();
    assert_eq!(format!("{contact:?}"), "ContactId(40 bytes)");
    // An instance, not a secret.
    assert_eq!(
        format!("{:?}", RoutingId::from_bytes([1, 2, 3])),
        "RoutingId(010203)"
    );
}

proptest! {
    #[test]
    fn ids_are_read_as_written(tunnel in any::<[u8; 16]>(), routing in any::<[u8; 3]>(), contact in vec(any::<u8>(), 1..300)) {
        let tunnel = TunnelId::from_bytes(tunnel);
        prop_assert_eq!(tunnel.to_hex().parse(), Ok(tunnel));
        let routing = RoutingId::from_bytes(routing);
        prop_assert_eq!(routing.to_hex().parse(), Ok(routing));
        let contact = ContactId::from_bytes(contact).unwrap();
        prop_assert_eq!(contact.to_base64url().parse(), Ok(contact));
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,40}") {
        if let Ok(id) = text.parse::<TunnelId>() {
            prop_assert_eq!(id.to_hex(), text.to_uppercase());
        }
        if let Ok(id) = text.parse::<RoutingId>() {
            prop_assert_eq!(id.to_hex(), text.to_uppercase());
        }
        if let Ok(id) = text.parse::<ContactId>() {
            prop_assert_eq!(id.to_base64url(), text);
        }
    }
}
