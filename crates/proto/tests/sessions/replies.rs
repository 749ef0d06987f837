//! Replies that nobody asked for, of the wrong type, twice; and requests that come too early.

use hawser_proto::frame::{FrameError, FrameKind};
use hawser_proto::{PhoneHello, PostHandshake, SessionError};

use crate::world::{self, FLOWS, Flow, GET_INFO};

#[test]
fn a_reply_of_the_wrong_type_ends_the_session() {
    for (is_json, reply, requested, found) in [
        (
            false,
            &[3, b'{', b'}'][..],
            FrameKind::Ctap,
            FrameKind::Json,
        ),
        (true, &[1, 0], FrameKind::Json, FrameKind::Ctap),
    ] {
        let (mut laptop, mut holder) = world::open_laptop_and_key_holder(Flow::Qr);
        if is_json {
            laptop.request_json(b"{}").unwrap();
        } else {
            laptop.request(&[2]).unwrap();
        }
        let refused = laptop.receive(&holder.say(reply));
        let reply = found;
        assert_eq!(refused, Err(SessionError::WrongReply { requested, reply }));
        assert_eq!(laptop.shutdown(), Err(SessionError::Closed));
    }
}

#[test]
fn a_reply_that_nobody_asked_for_ends_the_session() {
    for flow in FLOWS {
        for (frame, kind) in [
            (&[1, 0][..], FrameKind::Ctap),
            (&[3, b'1'], FrameKind::Json),
        ] {
            let (mut laptop, mut holder) = world::open_laptop_and_key_holder(flow);
            let refused = laptop.receive(&holder.say(frame));
            assert_eq!(refused, Err(SessionError::Unexpected(kind)));
        }
    }
}

#[test]
fn a_second_reply_ends_the_session() {
    let (mut laptop, mut holder) = world::open_laptop_and_key_holder(Flow::Qr);
    laptop.request(&[2]).unwrap();
    let _ = laptop.receive(&holder.say(&[1, 0])).unwrap();
    let refused = laptop.receive(&holder.say(&[1, 0]));
    assert_eq!(refused, Err(SessionError::Unexpected(FrameKind::Ctap)));
}

#[test]
fn a_reply_that_says_nothing_ends_the_session() {
    let (mut laptop, mut holder) = world::open_laptop_and_key_holder(Flow::Qr);
    laptop.request(&[2]).unwrap();
    let refused = laptop.receive(&holder.say(&[1]));
    let nothing = FrameError::NoPayload(FrameKind::Ctap);
    assert_eq!(refused, Err(SessionError::Frame(nothing)));
}

#[test]
fn a_response_of_the_wrong_type_is_not_sent() {
    let (mut laptop, mut phone) = world::open(Flow::Qr);
    let _ = phone.receive(&laptop.request(&[2]).unwrap()).unwrap();
    let refused = phone.respond_json(b"{}");
    let (requested, reply) = (FrameKind::Ctap, FrameKind::Json);
    assert_eq!(refused, Err(SessionError::WrongReply { requested, reply }));
    assert!(phone.respond(&[0]).is_ok(), "the session is as it was");
}

#[test]
fn a_second_request_before_the_response_ends_the_phones_session() {
    let (mut phone, mut holder) = world::phone_and_key_holder(Flow::Qr);
    let _ = phone.receive(&holder.say(&[1, 2])).unwrap();
    let refused = phone.receive(&holder.say(&[1, 2]));
    assert_eq!(refused, Err(SessionError::Unexpected(FrameKind::Ctap)));
    assert_eq!(phone.respond(&[0]), Err(SessionError::Closed));
}

/// A laptop that asks for what the phone has not offered.
#[test]
fn a_request_for_what_is_not_offered_ends_the_phones_session() {
    use hawser_proto::OsRng;
    use hawser_proto::noise::Initiator;

    for (introduction, frame, kind) in [
        (
            PostHandshake::ctap(GET_INFO),
            &[3, b'1'][..],
            FrameKind::Json,
        ),
        (PostHandshake::json(), &[1, 2], FrameKind::Ctap),
    ] {
        let mut phone =
            world::phone_with(Flow::Qr, PhoneHello::new(introduction), &mut OsRng).unwrap();
        let psk = world::shown().invitation().secret().psk(&world::advert());
        let (laptop, first) =
            Initiator::qr(&psk, world::shown().private_key(), &mut OsRng).unwrap();
        let said = phone.receive(&first).unwrap().send;
        let (mut sealer, _) = laptop.finish(&said[0]).unwrap().into_records();
        let refused = phone.receive(&sealer.seal(frame).unwrap());
        assert_eq!(refused, Err(SessionError::Unexpected(kind)));
    }
}
