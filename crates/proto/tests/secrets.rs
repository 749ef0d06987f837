//! Every secret of the crate: it prints nothing of itself, compares in constant time, and is erased
//! when it drops.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fmt::Debug;

use hawser_proto::noise::{Initiator, Responder};
use hawser_proto::qr::Invitation;
use hawser_proto::record::{Opener, Sealer, TrafficKey};
use hawser_proto::{
    Advert, ContactSecret, EidKey, Hint, LaptopInvitation, LaptopSession, Link, LinkId, LinkSecret,
    LinkedAdvert, LinkedRequest, LinkingOffer, OsRng, PhoneHello, PhoneSession, PostHandshake,
    PrivateKey, Psk, QrSecret, RootSecret, SharedSecret,
};
use hawser_wire::{ContactId, RoutingId, TunnelDomain};
use subtle::ConstantTimeEq;
use zeroize::ZeroizeOnDrop;

/// Every secret here is made of this byte, so that a leak shows.
const BYTE: u8 = 0xC7;

/// What would show if a secret printed itself: the byte in hex or in decimal, often.
fn leaks(shown: &str) -> bool {
    let shown = shown.to_lowercase();
    shown.contains("c7c7") || shown.contains("c7, ") || shown.contains("199, 199")
}

#[test]
fn a_leak_would_be_noticed() {
    assert!(leaks(&format!("{:?}", [BYTE; 4])));
    assert!(leaks(&format!("{:x?}", [BYTE; 4])));
    assert!(leaks(&format!("{BYTE:02X}{BYTE:02X}")));
}

/// What every plain secret must be. The comparison is that of `subtle`, and `==` goes through it.
trait Secret: ConstantTimeEq + PartialEq + Clone + Debug + ZeroizeOnDrop {}
impl<T: ConstantTimeEq + PartialEq + Clone + Debug + ZeroizeOnDrop> Secret for T {}

/// `same` twice made, and `others` that differ in one bit each.
fn assert_secret<T: Secret>(name: &str, same: [T; 2], others: &[T]) {
    let [one, two] = same;
    assert_eq!(format!("{one:?}"), format!("{name}(..)"));
    assert_eq!(format!("{one:#?}"), format!("{name}(..)"));
    assert!(bool::from(one.ct_eq(&two)) && one == two, "{name}");
    assert!(one.clone() == two, "{name}");
    for other in others {
        assert!(!bool::from(one.ct_eq(other)) && one != *other, "{name}");
    }
}

/// Arrays that differ from [`BYTE`] in their first and in their last bit.
fn near<const N: usize>() -> [[u8; N]; 2] {
    let (mut first, mut last) = ([BYTE; N], [BYTE; N]);
    *first.first_mut().unwrap() ^= 0x80;
    *last.last_mut().unwrap() ^= 0x01;
    [first, last]
}

macro_rules! assert_secrets {
    ($($name:ident),* $(,)?) => {$(
        assert_secret(
            stringify!($name),
            [$name::from_bytes([BYTE; $name::LEN]), $name::from_bytes([BYTE; $name::LEN])],
            &near().map($name::from_bytes),
        );
    )*};
}

#[test]
fn secrets_of_a_fixed_length() {
    assert_secrets!(
        QrSecret,
        EidKey,
        Psk,
        SharedSecret,
        RootSecret,
        ContactSecret
    );
}

#[test]
fn a_link_secret_has_any_length() {
    let secret = |bytes: &[u8]| LinkSecret::from_bytes(bytes).unwrap();
    let [first, last] = near::<32>();
    let shorter = secret(&[BYTE; 31]);
    let longer = secret(&[BYTE; 33]);
    let same = [secret(&[BYTE; 32]), secret(&[BYTE; 32])];
    assert_secret(
        "LinkSecret",
        same,
        &[secret(&first), secret(&last), shorter, longer],
    );
}

/// Keys are not compared at all: nothing in the protocol has a reason to.
#[test]
fn keys_print_nothing_and_are_erased() {
    fn assert_erased<T: ZeroizeOnDrop>() {}
    assert_erased::<TrafficKey>();

    let key = TrafficKey::from_bytes([BYTE; 32]);
    assert_eq!(format!("{key:?}"), "TrafficKey(..)");
    let private = PrivateKey::from_bytes(&[BYTE; 32]).unwrap();
    assert_eq!(format!("{private:?}"), "PrivateKey(..)");
    // Its two halves are the curve library's key, which is erased when it drops, and a copy that is.
    assert_erased::<p256::SecretKey>();
    assert_erased::<zeroize::Zeroizing<[u8; 32]>>();

    let (sealer, opener) = (Sealer::new(&key), Opener::new(&key));
    let shown = format!("{sealer:?} {opener:?}");
    assert_eq!(shown, "Sealer(0 sealed) Opener(0 opened)");
    // The ciphers inside them hold the expanded key.
    assert_erased::<aes::Aes256>();
}

/// Everything else that holds a secret, in both forms of `Debug`.
#[test]
fn what_holds_a_secret_does_not_print_it() {
    let private = PrivateKey::from_bytes(&[BYTE; 32]).unwrap();
    let psk = Psk::from_bytes([BYTE; 32]);
    let secret = QrSecret::from_bytes([BYTE; 16]);
    let hint = Hint::GetAssertion;
    let shown = LaptopInvitation::from_keys(private.clone(), secret, hint, None, true);
    let invitation: Invitation = shown.invitation().clone();
    let domain = TunnelDomain::from_id(266).unwrap();
    let advert = Advert::with_nonce([BYTE; 10], RoutingId::from_bytes([0, 0, 7]), domain);
    let mut plaintext = [BYTE; 16];
    plaintext[0] = 0;
    let linked_advert = LinkedAdvert::from_plaintext(plaintext).unwrap();
    let offer = LinkingOffer {
        contact_id: ContactId::from_bytes([BYTE; 40]).unwrap(),
        link_id: LinkId::from_bytes(&[BYTE; 8]).unwrap(),
        secret: LinkSecret::from_bytes(&[BYTE; 32]).unwrap(),
        identity: private.clone(),
        name: "c7c7".into(),
    };
    let link = Link {
        contact_id: offer.contact_id.clone(),
        link_id: offer.link_id.clone(),
        secret: offer.secret.clone(),
        public_key: private.public_key(),
        name: "c7c7".into(),
        domain,
    };
    let request = LinkedRequest::with_nonce(link.link_id.clone(), [BYTE; 16], hint);
    let introduction = PostHandshake::ctap([BYTE; 60]);
    let hello = PhoneHello::new(introduction.clone());
    let hello = hello.with_linking(offer.clone()).unwrap();
    let rng = &mut OsRng;
    let (initiator, message) = Initiator::qr(&psk, &private, rng).unwrap();
    let responder = Responder::qr(&psk, &private.public_key(), rng).unwrap();
    let (secured, _) = responder.finish(&message).unwrap();
    let responder = Responder::linked(&psk, &private, rng).unwrap();
    let (laptop, _) = LaptopSession::start(&shown, &advert, rng).unwrap();
    let phone = PhoneSession::new(&invitation, &advert, hello.clone(), rng).unwrap();

    let all: [&dyn Debug; 17] = [
        &shown,
        &invitation,
        &advert,
        &linked_advert,
        &offer,
        &offer.contact_id,
        &offer.link_id,
        &link,
        &request,
        &introduction,
        &hello,
        &initiator,
        &responder,
        &secured,
        &laptop,
        &phone,
        &invitation.tunnel_id(),
    ];
    for holder in all {
        for shown in [format!("{holder:?}"), format!("{holder:#?}")] {
            assert!(!leaks(&shown), "{shown}");
        }
    }
}

/// Requests, replies and frames are what users did. Lengths are all that a log may say.
#[test]
fn messages_do_not_print_themselves() {
    use hawser_proto::frame::{Frame, FrameKind};
    use hawser_proto::{LaptopEvent, PhoneEvent};

    let bytes = vec![BYTE; 60];
    let frame = Frame::decode(Frame::encode(FrameKind::Ctap, &bytes)).unwrap();
    let all: [&dyn Debug; 5] = [
        &frame,
        &LaptopEvent::Reply(bytes.clone()),
        &LaptopEvent::JsonReply(bytes.clone()),
        &PhoneEvent::Request(bytes.clone()),
        &PhoneEvent::JsonRequest(bytes.clone()),
    ];
    for message in all {
        let shown = format!("{message:?} {message:#?}");
        assert!(!leaks(&shown) && shown.contains("60 bytes"), "{shown}");
    }
}

/// A tunnel id lets its holder take a place in the tunnel, so only its start is shown.
#[test]
fn a_tunnel_id_is_shortened() {
    let id = QrSecret::from_bytes([0; 16]).tunnel_id();
    assert_eq!(format!("{id:?}"), "TunnelId(3EEF97..)");
}
