use data_encoding::HEXLOWER;
use proptest::prelude::*;
use rand_core::OsRng;

use super::*;
use crate::cbor::CborError;
use crate::keys::KeyError;

/// The worked example of two other implementations: private key 02.., secret 00 01 02 ..
const WORKED: &str = "FIDO:/043155922883708545505460856914336732359279091142879314014850803100475640663994917337900564050807301262025421010491811870057950297627316200265340480783106109321447142660";

fn worked() -> LaptopInvitation {
    let secret = std::array::from_fn(|n| u8::try_from(n).unwrap());
    LaptopInvitation::from_keys(
        PrivateKey::from_bytes(&[2; 32]).unwrap(),
        QrSecret::from_bytes(secret),
        Hint::MakeCredential,
        Some(1_700_000_000),
        true,
    )
}

/// `{0: key, 1: secret}` and more entries, in hex.
fn with(entries: u8, more: &str) -> Result<Invitation, QrError> {
    let head = format!("{:02x}", 0xA2 + entries);
    let key = HEXLOWER.encode(&worked().invitation.public_key.to_compressed());
    let map = format!("{head}005821{key}0150{}{more}", "00".repeat(16));
    Invitation::decode(&HEXLOWER.decode(map.as_bytes()).unwrap())
}

#[test]
fn the_worked_example_is_written_and_read() {
    assert_eq!(worked().invitation().to_uri(), WORKED);
    assert_eq!(&Invitation::parse(WORKED).unwrap(), worked().invitation());
}

#[test]
fn the_prefix_has_any_letter_case_and_is_needed() {
    let digits = WORKED.strip_prefix(PREFIX).unwrap();
    for prefix in ["fido:/", "FiDo:/"] {
        assert!(Invitation::parse(&format!("{prefix}{digits}")).is_ok());
    }
    for text in ["", "FIDO", "FIDO:", digits, "http://example.com", "ФИДО:/1"] {
        assert_eq!(Invitation::parse(text), Err(QrError::Prefix), "{text}");
    }
    assert_eq!(Invitation::parse("FIDO:/"), Err(QrError::Empty));
    assert_eq!(
        Invitation::parse("FIDO://1"),
        Err(QrError::Digit { offset: 6 })
    );
}

#[test]
fn length_at_the_limit_and_one_past_it() {
    let longest = format!("{PREFIX}{}", "0".repeat(MAX_URI_LEN - PREFIX.len()));
    assert!(!matches!(
        Invitation::parse(&longest),
        Err(QrError::TooLong { .. })
    ));
    let len = MAX_URI_LEN + 1;
    assert_eq!(
        Invitation::parse(&format!("{longest}0")),
        Err(QrError::TooLong { len })
    );
}

#[test]
fn what_is_absent_has_the_default_of_the_protocol() {
    let invitation = with(0, "").unwrap();
    assert_eq!(invitation.known_domains(), 0);
    assert_eq!(invitation.timestamp(), None);
    assert_eq!(invitation.linking(), None);
    assert_eq!(invitation.hint(), Hint::GetAssertion);
    assert_eq!(invitation.channels(), [Channel::Tunnel]);
}

#[test]
fn every_hint_has_its_text_and_an_unknown_one_means_to_sign_in() {
    for hint in [
        Hint::GetAssertion,
        Hint::MakeCredential,
        Hint::PresentCredential,
        Hint::IssueCredential,
    ] {
        let made = LaptopInvitation::new(&mut OsRng, hint, None, false).unwrap();
        let read = Invitation::parse(&made.invitation().to_uri()).unwrap();
        assert_eq!(read.hint(), hint);
        assert_eq!(read.linking(), Some(false));
    }
    assert_eq!(with(1, "05625858").unwrap().hint(), Hint::GetAssertion);
}

#[test]
fn channels_are_a_list_and_a_draft_s_boolean_is_ignored() {
    let both = with(1, "06820001").unwrap();
    assert_eq!(both.channels(), [Channel::Tunnel, Channel::L2cap]);
    let strange = with(1, "0682071863").unwrap();
    assert_eq!(strange.channels(), [Channel::Other(7), Channel::Other(99)]);
    assert_eq!(with(1, "06f5").unwrap().channels(), [Channel::Tunnel]);
    assert_eq!(with(1, "0680").unwrap().channels(), []);
}

#[test]
fn wrong_types_are_named_and_unknown_keys_ignored() {
    for (more, key) in [("0240", 2), ("0401", 4), ("0501", 5)] {
        let error = with(1, more).unwrap_err();
        assert!(
            matches!(error, QrError::Value { key: found, .. } if found == key),
            "{error}"
        );
    }
    assert!(with(1, "19ffff00").is_ok());
    assert!(with(1, "0340").is_ok(), "nobody relies on the time");
    assert_eq!(
        with(1, "0101").unwrap_err(),
        QrError::Cbor(CborError::DuplicateKey { offset: 55 })
    );
    assert!(matches!(
        with(0, "00"),
        Err(QrError::Cbor(CborError::Trailing { .. }))
    ));
}

#[test]
fn both_keys_are_needed_and_checked() {
    let decode = |hex: &str| Invitation::decode(&HEXLOWER.decode(hex.as_bytes()).unwrap());
    let key = HEXLOWER.encode(&worked().invitation.public_key.to_compressed());
    let secret = "00".repeat(16);
    assert!(matches!(
        decode(&format!("a1005821{key}")),
        Err(QrError::Missing { key: SECRET, .. })
    ));
    assert!(matches!(
        decode(&format!("a10150{secret}")),
        Err(QrError::Missing {
            key: PUBLIC_KEY,
            ..
        })
    ));
    assert!(matches!(
        decode(&format!("a2005821{key}014f{}", &secret[2..])),
        Err(QrError::Value { key: SECRET, .. })
    ));
    assert_eq!(
        decode(&format!("a200582102{}0150{secret}", "ff".repeat(32))),
        Err(QrError::PublicKey(KeyError::NotOnCurve))
    );
}

#[test]
fn debug_shows_no_secret() {
    let invitation = worked();
    let text = format!("{invitation:?}");
    assert!(
        text.starts_with("LaptopInvitation(Invitation { public_key: PublicKey(550f4710..)"),
        "{text}"
    );
    assert!(
        !text.contains("secret") && !text.contains("0, 1, 2"),
        "{text}"
    );
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,200}", digits in "[0-9]{0,300}") {
        let _ = Invitation::parse(&text);
        let _ = Invitation::parse(&format!("{PREFIX}{digits}"));
    }

    /// What is read differs from what was written, or is refused, after any change of a byte.
    #[test]
    fn no_flipped_bit_goes_unnoticed(at in 0_usize..69, bit in 0_u8..8) {
        let mut bytes = worked().invitation().encode().to_vec();
        prop_assume!(at < bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(read) = Invitation::decode(&bytes) {
            prop_assert_ne!(read, worked().invitation);
        }
    }

    #[test]
    fn no_truncated_map_is_read(len in 0_usize..69) {
        let bytes = worked().invitation().encode();
        prop_assert!(Invitation::decode(&bytes[..len]).is_err());
    }
}
