//! Bytes that no peer has sent, at every stage of both sessions: arbitrary, cut, lengthened, with a
//! bit flipped. Each ends the session with a typed error, and nothing brings it back.

use hawser_proto::laptop::CONNECTION_SIGNAL;
use hawser_proto::{ConnectionSignal, LaptopSession, OsRng, PhoneSession, SessionError};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::world::{self, FLOWS, Flow};

/// Where a laptop can stand.
#[derive(Debug, Clone, Copy)]
enum AtLaptop {
    Signal,
    Handshake,
    Introduction,
    Open,
    Waiting,
    ShutDown,
}

/// Where a phone can stand.
#[derive(Debug, Clone, Copy)]
enum AtPhone {
    Handshake,
    Open,
    Waiting,
    ShutDown,
}

const LAPTOP_STAGES: [AtLaptop; 6] = [
    AtLaptop::Signal,
    AtLaptop::Handshake,
    AtLaptop::Introduction,
    AtLaptop::Open,
    AtLaptop::Waiting,
    AtLaptop::ShutDown,
];

const PHONE_STAGES: [AtPhone; 4] = [
    AtPhone::Handshake,
    AtPhone::Open,
    AtPhone::Waiting,
    AtPhone::ShutDown,
];

/// A laptop at a stage, and the message that it should receive there.
fn laptop_at(flow: Flow, stage: AtLaptop) -> (LaptopSession, Vec<u8>) {
    match stage {
        AtLaptop::Signal => {
            let signal = ConnectionSignal::Expected;
            let started = LaptopSession::start_linked(
                &world::link(),
                &world::linked_advert(),
                signal,
                &mut OsRng,
            );
            (started.unwrap().0, CONNECTION_SIGNAL.to_vec())
        }
        AtLaptop::Handshake => {
            let (laptop, first) = world::laptop(flow);
            let sent = world::phone(flow).receive(&first).unwrap().send;
            (laptop, sent[0].clone())
        }
        AtLaptop::Introduction => {
            let (laptop, mut holder) = world::laptop_and_key_holder(flow);
            (laptop, holder.say(&world::introduction().encode()))
        }
        AtLaptop::Open => {
            let (laptop, mut holder) = world::open_laptop_and_key_holder(flow);
            (laptop, holder.say(&[2, 0xA0]))
        }
        AtLaptop::Waiting => {
            let (mut laptop, mut holder) = world::open_laptop_and_key_holder(flow);
            laptop.request(&[2, 0xA0]).unwrap();
            (laptop, holder.say(&[1, 0x2E]))
        }
        AtLaptop::ShutDown => {
            let (mut laptop, mut holder) = world::open_laptop_and_key_holder(flow);
            laptop.shutdown().unwrap();
            (laptop, holder.say(&[2, 0xA0]))
        }
    }
}

/// A phone at a stage, and a message that it may receive there.
fn phone_at(flow: Flow, stage: AtPhone) -> (PhoneSession, Vec<u8>) {
    if let AtPhone::Handshake = stage {
        return (world::phone(flow), world::laptop(flow).1);
    }
    let (mut phone, mut holder) = world::phone_and_key_holder(flow);
    match stage {
        AtPhone::Handshake | AtPhone::Open => {}
        AtPhone::Waiting => {
            let _ = phone.receive(&holder.say(&[1, 2, 0xA0])).unwrap();
            return (phone, holder.say(&[0]));
        }
        AtPhone::ShutDown => {
            let _ = phone.receive(&holder.say(&[0])).unwrap();
            return (phone, holder.say(&[2, 0xA0]));
        }
    }
    let request = holder.say(&[1, 2, 0xA0]);
    (phone, request)
}

/// Something else than the message.
#[derive(Debug, Clone)]
enum Change {
    Replace(Vec<u8>),
    Cut(Index),
    Lengthen(Vec<u8>),
    Flip(Index, u8),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        // Lengths around those of a tag and of a handshake message too.
        prop_oneof![
            vec(any::<u8>(), 0..40),
            vec(any::<u8>(), 81),
            vec(any::<u8>(), 0..700)
        ]
        .prop_map(Change::Replace),
        any::<Index>().prop_map(Change::Cut),
        vec(any::<u8>(), 1..40).prop_map(Change::Lengthen),
        (any::<Index>(), 0..8_u8).prop_map(|(at, bit)| Change::Flip(at, bit)),
    ]
}

impl Change {
    fn of(&self, message: &[u8]) -> Vec<u8> {
        let mut changed = message.to_vec();
        match self {
            Self::Replace(other) => return other.clone(),
            Self::Cut(len) => changed.truncate(len.index(message.len())),
            Self::Lengthen(more) => changed.extend(more),
            Self::Flip(at, bit) => changed[at.index(message.len())] ^= 1 << bit,
        }
        changed
    }
}

proptest! {
    #![proptest_config(world::cases(64))]

    #[test]
    fn a_laptop_refuses_them_for_good(
        flow in select(&FLOWS[..]),
        stage in select(&LAPTOP_STAGES[..]),
        change in change(),
    ) {
        let (mut laptop, message) = laptop_at(flow, stage);
        let changed = change.of(&message);
        prop_assume!(changed != message);
        let error = laptop.receive(&changed).unwrap_err();
        let is_typed = match stage {
            AtLaptop::Signal => error == SessionError::ConnectionSignal { len: changed.len() },
            AtLaptop::Handshake => matches!(error, SessionError::Handshake(_)),
            _ => matches!(error, SessionError::Open(_)),
        };
        prop_assert!(is_typed, "{:?}: {:?}", stage, error);

        prop_assert_eq!(laptop.receive(&message), Err(SessionError::Closed));
        prop_assert_eq!(laptop.request(&[4]), Err(SessionError::Closed));
        prop_assert_eq!(laptop.request_json(b"{}"), Err(SessionError::Closed));
        prop_assert_eq!(laptop.shutdown(), Err(SessionError::Closed));
        prop_assert_eq!(format!("{laptop:?}"), "LaptopSession(closed)");
    }

    #[test]
    fn a_phone_refuses_them_for_good(
        flow in select(&FLOWS[..]),
        stage in select(&PHONE_STAGES[..]),
        change in change(),
    ) {
        let (mut phone, message) = phone_at(flow, stage);
        let changed = change.of(&message);
        prop_assume!(changed != message);
        let error = phone.receive(&changed).unwrap_err();
        let is_typed = match stage {
            AtPhone::Handshake => matches!(error, SessionError::Handshake(_)),
            _ => matches!(error, SessionError::Open(_)),
        };
        prop_assert!(is_typed, "{:?}: {:?}", stage, error);

        prop_assert_eq!(phone.receive(&message), Err(SessionError::Closed));
        prop_assert_eq!(phone.respond(&[0]), Err(SessionError::Closed));
        prop_assert_eq!(phone.respond_json(b"{}"), Err(SessionError::Closed));
        prop_assert_eq!(format!("{phone:?}"), "PhoneSession(closed)");
    }
}

/// Without a change each of these messages is accepted, so the refusals above are for the change.
#[test]
fn the_messages_themselves_are_accepted() {
    for flow in FLOWS {
        for stage in LAPTOP_STAGES {
            let (mut laptop, message) = laptop_at(flow, stage);
            assert!(laptop.receive(&message).is_ok(), "{flow:?} {stage:?}");
        }
        for stage in PHONE_STAGES {
            let (mut phone, message) = phone_at(flow, stage);
            assert!(phone.receive(&message).is_ok(), "{flow:?} {stage:?}");
        }
    }
}

/// Lengths at which libraries in the field have panicked: no tag, an empty message.
#[test]
fn short_messages_are_refused_at_every_stage() {
    for flow in FLOWS {
        for len in [0, 1, 2, 15, 16, 17, 65, 80, 82] {
            let short = vec![0; len];
            for stage in LAPTOP_STAGES {
                if short != CONNECTION_SIGNAL {
                    let (mut laptop, _) = laptop_at(flow, stage);
                    assert!(laptop.receive(&short).is_err(), "{flow:?} {stage:?} {len}");
                }
            }
            for stage in PHONE_STAGES {
                let (mut phone, _) = phone_at(flow, stage);
                assert!(phone.receive(&short).is_err(), "{flow:?} {stage:?} {len}");
            }
        }
    }
}

/// A session of another flow, or with another secret, does not come about.
#[test]
fn flows_do_not_mix() {
    for (ours, theirs) in [(Flow::Qr, Flow::Linked), (Flow::Linked, Flow::Qr)] {
        let (mut laptop, first) = world::laptop(ours);
        let refused = world::phone(theirs).receive(&first);
        assert!(matches!(refused, Err(SessionError::Handshake(_))));

        let (_, first) = world::laptop(theirs);
        let sent = world::phone(theirs).receive(&first).unwrap().send;
        assert!(matches!(
            laptop.receive(&sent[0]),
            Err(SessionError::Handshake(_))
        ));
    }
}

/// What is on the air is no message: another advert gives another pre-shared key.
#[test]
fn who_heard_another_advert_does_not_get_in() {
    use hawser_proto::{Advert, PhoneHello};
    use hawser_wire::RoutingId;

    let (_, first) = world::laptop(Flow::Qr);
    for (nonce, routing) in [([8; 10], [0, 0, 7]), ([9; 10], [0, 0, 8])] {
        let advert = Advert::with_nonce(nonce, RoutingId::from_bytes(routing), world::domain());
        let hello = PhoneHello::new(world::introduction());
        let phone = PhoneSession::new(world::shown().invitation(), &advert, hello, &mut OsRng);
        let refused = phone.unwrap().receive(&first);
        assert!(matches!(refused, Err(SessionError::Handshake(_))));
    }
}

/// A flow's adverts mean nothing to the other's key.
#[test]
fn adverts_do_not_mix() {
    use hawser_proto::{Advert, LinkedAdvert};

    let (qr, linked) = (world::eid_key(Flow::Qr), world::eid_key(Flow::Linked));
    assert_eq!(
        LinkedAdvert::open(&linked, &world::advert().seal(&qr)),
        None
    );
    assert_eq!(
        Advert::open(&qr, &world::linked_advert().seal(&linked)),
        None
    );
}
