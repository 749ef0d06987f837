//! Updates: a phone may send them at any time after the handshake, even after the shutdown.

use hawser_proto::update::UpdateError;
use hawser_proto::{LaptopEvent, PrivateKey, SessionError, update};

use crate::world::{self, FLOWS, Flow, KeyHolder};

/// An offer to link, signed for the session by the phone of the session.
fn signed(holder: &KeyHolder) -> Vec<u8> {
    let laptop = *world::shown().invitation().public_key();
    world::offer()
        .encode(&laptop, &holder.handshake_hash)
        .to_vec()
}

/// The frame of an update with this linking information.
fn frame(linking: Option<&[u8]>) -> Vec<u8> {
    let mut frame = vec![2];
    frame.extend(update::encode(linking).unwrap().iter());
    frame
}

/// Before the request, while it waits, after the reply, after the shutdown: four times in one session.
#[test]
fn an_offer_is_taken_at_any_time() {
    let (mut laptop, mut holder) = world::open_laptop_and_key_holder(Flow::Qr);
    let update = frame(Some(&signed(&holder)));
    let linked = || Some(LaptopEvent::Linked(world::link()));

    assert_eq!(
        laptop.receive(&holder.say(&update)).unwrap().event,
        linked()
    );
    laptop.request(&[2]).unwrap();
    assert_eq!(
        laptop.receive(&holder.say(&update)).unwrap().event,
        linked()
    );
    let reply = laptop.receive(&holder.say(&[1, 0])).unwrap().event;
    assert_eq!(reply, Some(LaptopEvent::Reply(vec![0])));
    assert_eq!(
        laptop.receive(&holder.say(&update)).unwrap().event,
        linked()
    );
    laptop.shutdown().unwrap();
    assert_eq!(
        laptop.receive(&holder.say(&update)).unwrap().event,
        linked()
    );
}

/// Even a phone that has said that it is done may still offer.
#[test]
fn an_offer_is_taken_after_the_phones_shutdown() {
    let (mut laptop, mut holder) = world::open_laptop_and_key_holder(Flow::Qr);
    let update = frame(Some(&signed(&holder)));
    let event = laptop.receive(&holder.say(&[0])).unwrap().event;
    assert_eq!(event, Some(LaptopEvent::PhoneShutdown));
    let event = laptop.receive(&holder.say(&update)).unwrap().event;
    assert_eq!(event, Some(LaptopEvent::Linked(world::link())));
}

#[test]
fn an_update_without_an_offer_means_nothing_and_costs_nothing() {
    for flow in FLOWS {
        let (mut laptop, mut holder) = world::open_laptop_and_key_holder(flow);
        // {}, {0: h'00'}, {999: true}: what phones send, and what real ones add.
        for payload in [
            &[0xA0][..],
            &[0xA1, 0, 0x41, 0],
            &[0xA1, 0x19, 0x03, 0xE7, 0xF5],
        ] {
            let frame = [&[2], payload].concat();
            assert_eq!(laptop.receive(&holder.say(&frame)).unwrap().event, None);
        }
        laptop.request(&[2]).unwrap();
        assert_eq!(
            laptop.receive(&holder.say(&frame(None))).unwrap().event,
            None
        );
        assert!(
            laptop
                .receive(&holder.say(&[1, 0]))
                .unwrap()
                .event
                .is_some()
        );
    }
}

/// Real phones put key 999 into the offer too. It is not signed, so it changes nothing.
#[test]
fn key_999_is_ignored_wherever_it_stands() {
    let (mut laptop, mut holder) = world::open_laptop_and_key_holder(Flow::Qr);
    let mut offer = signed(&holder);
    assert_eq!(offer[0], 0xA6, "a map of six");
    offer[0] = 0xA7;
    offer.extend([0x19, 0x03, 0xE7, 0xF5]);

    let inside = [&[2, 0xA1, 1], &offer[..]].concat();
    let event = laptop.receive(&holder.say(&inside)).unwrap().event;
    assert_eq!(event, Some(LaptopEvent::Linked(world::link())));
    let beside = [
        &[2, 0xA2, 1],
        &signed(&holder)[..],
        &[0x19, 0x03, 0xE7, 0xF5],
    ]
    .concat();
    let event = laptop.receive(&holder.say(&beside)).unwrap().event;
    assert_eq!(event, Some(LaptopEvent::Linked(world::link())));
}

/// Every way in which an offer can be worth nothing: it is not stored, and the reply still comes.
#[test]
fn a_worthless_offer_is_rejected_and_the_session_goes_on() {
    let (mut laptop, mut holder) = world::open_laptop_and_key_holder(Flow::Qr);
    laptop.request(&[2]).unwrap();
    let key = *world::shown().invitation().public_key();
    let mut forged = world::offer();
    forged.identity = PrivateKey::from_bytes(&[9; 32]).unwrap();
    let mut renamed = world::offer();
    renamed.name = "x".repeat(257);

    let of_another_session = world::offer().encode(&key, &[7; 32]).to_vec();
    let for_another_laptop = world::offer()
        .encode(&forged.identity.public_key(), &holder.handshake_hash)
        .to_vec();
    // Signed with one key, and naming another.
    let mut with_another_key = signed(&holder);
    let at = with_another_key
        .windows(65)
        .position(|part| part == world::identity().public_key().as_bytes())
        .unwrap();
    with_another_key[at..at + 65].copy_from_slice(forged.identity.public_key().as_bytes());
    let mut off_the_curve = signed(&holder);
    off_the_curve[at + 64] ^= 1;
    let mut last_bit = signed(&holder);
    *last_bit.last_mut().unwrap() ^= 1;
    let long_name = renamed.encode(&key, &holder.handshake_hash).to_vec();

    for offer in [
        of_another_session,
        for_another_laptop,
        with_another_key,
        off_the_curve,
        last_bit,
        long_name,
        // {}, {6: h''}
        vec![0xA0],
        vec![0xA1, 0x06, 0x40],
    ] {
        let frame = [&[2, 0xA1, 1], &offer[..]].concat();
        let event = laptop.receive(&holder.say(&frame)).unwrap().event;
        assert_eq!(event, Some(LaptopEvent::LinkRejected), "{offer:02x?}");
    }
    let event = laptop.receive(&holder.say(&[1, 0])).unwrap().event;
    assert_eq!(event, Some(LaptopEvent::Reply(vec![0])));
    laptop.shutdown().unwrap();
}

/// There is no linking again: behind a link even a perfect offer is passed over.
#[test]
fn a_linked_session_does_not_link() {
    let (mut laptop, mut holder) = world::open_laptop_and_key_holder(Flow::Linked);
    let update = frame(Some(&signed(&holder)));
    assert_eq!(laptop.receive(&holder.say(&update)).unwrap().event, None);
}

/// Old phones offer in their introduction, under key 2.
#[test]
fn an_offer_in_the_introduction_is_taken_if_it_verifies() {
    let (mut laptop, mut holder) = world::laptop_and_key_holder(Flow::Qr);
    let offer = signed(&holder);
    let introduction = [&[0xA2, 1, 0x41, 0xA0, 2], &offer[..]].concat();
    let Some(LaptopEvent::Ready(phone)) = laptop.receive(&holder.say(&introduction)).unwrap().event
    else {
        panic!("not ready");
    };
    assert_eq!(phone.link(), Some(&world::link()));

    let (mut laptop, mut holder) = world::laptop_and_key_holder(Flow::Qr);
    let Some(LaptopEvent::Ready(phone)) = laptop.receive(&holder.say(&introduction)).unwrap().event
    else {
        panic!("not ready");
    };
    assert_eq!(phone.link(), None, "signed for another session");
}

/// It is an error of the protocol, not of the offer: the update is no map, or the offer in it is none.
#[test]
fn a_malformed_update_ends_the_session() {
    for payload in [
        &[][..],
        &[0x80],
        &[0xA1],
        &[0xA0, 0],
        &[0xA1, 1, 0x40],
        &[0xA1, 1, 0xF6],
    ] {
        let (mut laptop, mut holder) = world::open_laptop_and_key_holder(Flow::Qr);
        let frame = [&[2], payload].concat();
        let error = laptop.receive(&holder.say(&frame)).unwrap_err();
        assert!(
            matches!(
                error,
                SessionError::Update(UpdateError::Cbor(_) | UpdateError::LinkingType)
            ),
            "{error:?}"
        );
        assert_eq!(laptop.request(&[2]), Err(SessionError::Closed));
    }
}

/// From a laptop they have no meaning yet. A phone passes over them, at any time.
#[test]
fn a_phone_passes_over_updates() {
    let (mut phone, mut holder) = world::phone_and_key_holder(Flow::Qr);
    for payload in [&[0xA0][..], &[0xA1, 0x19, 0x03, 0xE7, 0xF5]] {
        let frame = [&[2], payload].concat();
        assert_eq!(phone.receive(&holder.say(&frame)).unwrap().event, None);
    }
    let _ = phone.receive(&holder.say(&[1, 2])).unwrap();
    assert_eq!(phone.receive(&holder.say(&[2, 0xA0])).unwrap().event, None);
    phone.respond(&[0]).unwrap();
    let _ = phone.receive(&holder.say(&[0])).unwrap();
    assert_eq!(phone.receive(&holder.say(&[2, 0xA0])).unwrap().event, None);
    let refused = phone.receive(&holder.say(&[2, 0x80]));
    assert!(matches!(refused, Err(SessionError::Update(_))));
}
