use proptest::prelude::*;

use super::*;

const HASH: [u8; 32] = [3; 32];

fn laptop() -> PrivateKey {
    PrivateKey::from_bytes(&[2; 32]).unwrap()
}

fn domain() -> TunnelDomain {
    TunnelDomain::from_id(266).unwrap()
}

fn offer() -> LinkingOffer {
    LinkingOffer {
        contact_id: ContactId::from_bytes([1, 2, 3, 4]).unwrap(),
        link_id: LinkId::from_bytes(&[5; 8]).unwrap(),
        secret: LinkSecret::from_bytes(&[6; 32]).unwrap(),
        identity: PrivateKey::from_bytes(&[4; 32]).unwrap(),
        name: "A phone".into(),
    }
}

fn signed(offer: &LinkingOffer) -> Zeroizing<Vec<u8>> {
    offer.encode(&laptop().public_key(), &HASH)
}

#[test]
fn an_offer_becomes_a_link() {
    let bytes = signed(&offer());
    assert_eq!(bytes.len(), offer().encoded_len());
    let link = Link::verify(&bytes, &laptop(), &HASH, domain()).unwrap();
    assert_eq!(link.contact_id, offer().contact_id);
    assert_eq!(link.link_id, offer().link_id);
    assert_eq!(link.secret, offer().secret);
    assert_eq!(link.public_key, offer().identity.public_key());
    assert_eq!((link.name.as_str(), link.domain), ("A phone", domain()));
}

#[test]
fn another_session_or_laptop_cannot_use_it() {
    let bytes = signed(&offer());
    let other = PrivateKey::from_bytes(&[9; 32]).unwrap();
    for (own, hash) in [(laptop(), [4; 32]), (other, HASH)] {
        assert_eq!(
            Link::verify(&bytes, &own, &hash, domain()),
            Err(LinkError::Signature)
        );
    }
}

#[test]
fn what_a_link_is_made_of_has_limits() {
    let mut long = offer();
    long.name = "x".repeat(MAX_NAME_LEN);
    assert!(Link::verify(&signed(&long), &laptop(), &HASH, domain()).is_ok());
    long.name.push('x');
    assert_eq!(
        Link::verify(&signed(&long), &laptop(), &HASH, domain()),
        Err(LinkError::Value { key: NAME })
    );
    assert!(LinkId::from_bytes(&[0; LinkId::MAX_LEN]).is_ok());
    assert_eq!(
        LinkId::from_bytes(&[0; LinkId::MAX_LEN + 1]),
        Err(LinkIdLength)
    );
    assert_eq!(LinkId::from_bytes(&[]), Err(LinkIdLength));
    assert!(LinkSecret::from_bytes(&[0; LinkSecret::MAX_LEN]).is_ok());
    assert!(LinkSecret::from_bytes(&[0; LinkSecret::MAX_LEN + 1]).is_err());
    assert!(LinkSecret::from_bytes(&[]).is_err());
}

#[test]
fn debug_shows_no_secret_and_no_name() {
    let link = Link::verify(&signed(&offer()), &laptop(), &HASH, domain()).unwrap();
    let shown = format!("{link:?} {:?} {:?}", offer(), offer().link_id);
    assert!(
        !shown.contains("A phone") && !shown.contains("[6, 6"),
        "{shown}"
    );
    assert!(!shown.contains("[5, 5"), "{shown}");
}

proptest! {
    /// The contact id, the name and the ids are not signed, but the key and the signature are.
    #[test]
    fn altered_offers_give_no_other_identity(at in 0_usize..200, bit in 0_u8..8) {
        let mut bytes = signed(&offer()).to_vec();
        prop_assume!(at < bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(link) = Link::verify(&bytes, &laptop(), &HASH, domain()) {
            prop_assert_eq!(link.public_key, offer().identity.public_key());
        }
    }

    #[test]
    fn cut_offers_are_refused(len in 0_usize..150) {
        let bytes = signed(&offer());
        prop_assume!(len < bytes.len());
        prop_assert!(Link::verify(&bytes[..len], &laptop(), &HASH, domain()).is_err());
    }
}
