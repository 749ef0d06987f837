//! The keys of one laptop and one phone, sessions between them at every stage, and peers that have
//! the keys of a session and send whatever they are told.

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _};
use hawser_proto::noise::{Initiator, Responder, Secured};
use hawser_proto::rand_core::CryptoRngCore;
use hawser_proto::record::{Opener, TrafficKey};
use hawser_proto::{
    Advert, ConnectionSignal, EidKey, Hint, LaptopInvitation, LaptopSession, Link, LinkId,
    LinkSecret, LinkedAdvert, LinkingOffer, OsRng, PhoneHello, PhoneSession, PostHandshake,
    PrivateKey, QrSecret, StartError, padding,
};
use hawser_wire::{ContactId, RoutingId, TunnelDomain};
use proptest::prelude::ProptestConfig;

/// Few cases, so that the suite stays quick; the environment variable `PROPTEST_CASES` sets another
/// number for a longer search.
pub(crate) fn cases(few: u32) -> ProptestConfig {
    const UNLESS_SET: u32 = 256;
    let config = ProptestConfig::default();
    let cases = if config.cases == UNLESS_SET {
        few
    } else {
        config.cases
    };
    ProptestConfig { cases, ..config }
}

/// How the two found each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    Qr,
    Linked,
}

pub(crate) const FLOWS: [Flow; 2] = [Flow::Qr, Flow::Linked];

/// What the phone's authenticator can do: opaque here.
pub(crate) const GET_INFO: [u8; 3] = [0xA1, 0x01, 0x80];

pub(crate) fn domain() -> TunnelDomain {
    TunnelDomain::from_id(266).unwrap()
}

pub(crate) fn shown() -> LaptopInvitation {
    let key = PrivateKey::from_bytes(&[2; 32]).unwrap();
    let secret = QrSecret::from_bytes([1; 16]);
    LaptopInvitation::from_keys(key, secret, Hint::GetAssertion, Some(1_700_000_000), true)
}

pub(crate) fn advert() -> Advert {
    Advert::with_nonce([9; 10], RoutingId::from_bytes([0, 0, 7]), domain())
}

pub(crate) fn linked_advert() -> LinkedAdvert {
    LinkedAdvert::from_plaintext([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]).unwrap()
}

pub(crate) fn identity() -> PrivateKey {
    PrivateKey::from_bytes(&[4; 32]).unwrap()
}

pub(crate) fn offer() -> LinkingOffer {
    LinkingOffer {
        contact_id: ContactId::from_bytes([1, 2, 3, 4]).unwrap(),
        link_id: LinkId::from_bytes(&[5; 8]).unwrap(),
        secret: LinkSecret::from_bytes(&[6; 32]).unwrap(),
        identity: identity(),
        name: "A phone".into(),
    }
}

/// What the laptop has stored of the offer.
pub(crate) fn link() -> Link {
    let offer = offer();
    Link {
        contact_id: offer.contact_id,
        link_id: offer.link_id,
        secret: offer.secret,
        public_key: offer.identity.public_key(),
        name: offer.name,
        domain: domain(),
    }
}

/// A phone that takes both types of request.
pub(crate) fn introduction() -> PostHandshake {
    PostHandshake::ctap(GET_INFO).and_json()
}

pub(crate) fn eid_key(flow: Flow) -> EidKey {
    match flow {
        Flow::Qr => shown().invitation().eid_key(),
        Flow::Linked => link().secret.eid_key(&[8; 16]),
    }
}

/// A laptop that has sent its first message.
pub(crate) fn laptop(flow: Flow) -> (LaptopSession, Vec<u8>) {
    laptop_with(flow, &mut OsRng).unwrap()
}

pub(crate) fn laptop_with(
    flow: Flow,
    rng: &mut impl CryptoRngCore,
) -> Result<(LaptopSession, Vec<u8>), StartError> {
    match flow {
        Flow::Qr => LaptopSession::start(&shown(), &advert(), rng),
        Flow::Linked => {
            let signal = ConnectionSignal::NotExpected;
            LaptopSession::start_linked(&link(), &linked_advert(), signal, rng)
        }
    }
}

/// A phone that waits for it.
pub(crate) fn phone(flow: Flow) -> PhoneSession {
    phone_with(flow, PhoneHello::new(introduction()), &mut OsRng).unwrap()
}

pub(crate) fn phone_with(
    flow: Flow,
    hello: PhoneHello,
    rng: &mut impl CryptoRngCore,
) -> Result<PhoneSession, StartError> {
    match flow {
        Flow::Qr => PhoneSession::new(shown().invitation(), &advert(), hello, rng),
        Flow::Linked => {
            let secret = offer().secret;
            PhoneSession::new_linked(&secret, &identity(), &linked_advert(), hello, rng)
        }
    }
}

/// A laptop and a phone that know each other.
pub(crate) fn open(flow: Flow) -> (LaptopSession, PhoneSession) {
    introduced(laptop(flow), phone(flow))
}

/// The same two after their handshake.
pub(crate) fn introduced(
    (mut laptop, first): (LaptopSession, Vec<u8>),
    mut phone: PhoneSession,
) -> (LaptopSession, PhoneSession) {
    for message in phone.receive(&first).unwrap().send {
        let _ = laptop.receive(&message).unwrap();
    }
    (laptop, phone)
}

/// Somebody with the right keys, who keeps to no rule.
pub(crate) struct KeyHolder {
    key: TrafficKey,
    counter: u32,
    pub(crate) opener: Opener,
    pub(crate) handshake_hash: [u8; 32],
}

impl KeyHolder {
    fn new(secured: Secured, key: TrafficKey) -> Self {
        Self {
            key,
            counter: 0,
            handshake_hash: *secured.handshake_hash(),
            opener: secured.into_records().1,
        }
    }

    /// Pads and seals the next message.
    pub(crate) fn say(&mut self, plaintext: &[u8]) -> Vec<u8> {
        let mut padded = plaintext.to_vec();
        padding::pad(&mut padded);
        self.say_padded(&padded)
    }

    /// Seals the next message as it is, however it is padded.
    pub(crate) fn say_padded(&mut self, padded: &[u8]) -> Vec<u8> {
        let mut nonce = [0; 12];
        nonce[8..].copy_from_slice(&self.counter.to_be_bytes());
        self.counter += 1;
        let payload = Payload {
            msg: padded,
            aad: &[],
        };
        Aes256Gcm::new(self.key.expose().into())
            .encrypt(&nonce.into(), payload)
            .unwrap()
    }
}

/// A laptop after the handshake, and somebody with the phone's keys.
pub(crate) fn laptop_and_key_holder(flow: Flow) -> (LaptopSession, KeyHolder) {
    let (mut laptop, first) = laptop(flow);
    let responder = match flow {
        Flow::Qr => {
            let psk = shown().invitation().secret().psk(&advert());
            Responder::qr(&psk, shown().invitation().public_key(), &mut OsRng)
        }
        Flow::Linked => {
            let psk = offer().secret.psk(&linked_advert());
            Responder::linked(&psk, &identity(), &mut OsRng)
        }
    };
    let (secured, answer) = responder.unwrap().finish(&first).unwrap();
    assert_eq!(laptop.receive(&answer).unwrap().event, None);
    let key = secured.phone_to_laptop().clone();
    (laptop, KeyHolder::new(secured, key))
}

/// A laptop that the key holder has introduced itself to.
pub(crate) fn open_laptop_and_key_holder(flow: Flow) -> (LaptopSession, KeyHolder) {
    let (mut laptop, mut holder) = laptop_and_key_holder(flow);
    let introduction = holder.say(&introduction().encode());
    assert!(laptop.receive(&introduction).unwrap().event.is_some());
    (laptop, holder)
}

/// A phone after the handshake, and somebody with the laptop's keys.
pub(crate) fn phone_and_key_holder(flow: Flow) -> (PhoneSession, KeyHolder) {
    let mut phone = phone(flow);
    let (initiator, first) = match flow {
        Flow::Qr => {
            let psk = shown().invitation().secret().psk(&advert());
            Initiator::qr(&psk, shown().private_key(), &mut OsRng)
        }
        Flow::Linked => {
            let psk = offer().secret.psk(&linked_advert());
            Initiator::linked(&psk, &identity().public_key(), &mut OsRng)
        }
    }
    .unwrap();
    let said = phone.receive(&first).unwrap().send;
    let secured = initiator.finish(&said[0]).unwrap();
    let key = secured.laptop_to_phone().clone();
    let mut holder = KeyHolder::new(secured, key);
    for message in &said[1..] {
        holder.opener.open(message).unwrap();
    }
    (phone, holder)
}
