//! The end of a session, from either side.

use hawser_proto::frame::FrameKind;
use hawser_proto::{LaptopEvent, PhoneEvent, SessionError};

use crate::world::{self, FLOWS, Flow};

#[test]
fn a_laptop_says_goodbye_once_and_asks_nothing_more() {
    for flow in FLOWS {
        let (mut laptop, mut phone) = world::open(flow);
        let goodbye = laptop.shutdown().unwrap();
        // The frame of browsers: one byte, padded to 32, and a tag.
        assert_eq!(goodbye.len(), 48);
        let event = phone.receive(&goodbye).unwrap().event;
        assert_eq!(event, Some(PhoneEvent::Shutdown));
        assert_eq!(laptop.shutdown(), Err(SessionError::ShutDown));
        assert_eq!(laptop.request(&[2]), Err(SessionError::ShutDown));
        assert_eq!(laptop.request_json(b"{}"), Err(SessionError::ShutDown));
        assert_eq!(phone.respond(&[0]), Err(SessionError::ShutDown));
    }
}

/// To give up is allowed at any time after the handshake, before the phone has introduced itself too.
#[test]
fn a_laptop_may_give_up_early() {
    let (mut laptop, first) = world::laptop(Flow::Qr);
    let mut phone = world::phone(Flow::Qr);
    let said = phone.receive(&first).unwrap().send;
    let _ = laptop.receive(&said[0]).unwrap();
    let goodbye = laptop.shutdown().unwrap();
    let event = phone.receive(&goodbye).unwrap().event;
    assert_eq!(event, Some(PhoneEvent::Shutdown));
    // What is still on its way is read, and no request can follow.
    let event = laptop.receive(&said[1]).unwrap().event;
    assert!(matches!(event, Some(LaptopEvent::Ready(_))));
    assert_eq!(laptop.request(&[2]), Err(SessionError::ShutDown));
}

/// A request that waited is void; its response is not sent.
#[test]
fn a_phone_drops_the_request_that_waited() {
    let (mut laptop, mut phone) = world::open(Flow::Qr);
    let _ = phone.receive(&laptop.request(&[2]).unwrap()).unwrap();
    let _ = phone.receive(&laptop.shutdown().unwrap()).unwrap();
    assert_eq!(phone.respond(&[0]), Err(SessionError::ShutDown));
    assert_eq!(format!("{phone:?}"), "PhoneSession(shut down)");
}

#[test]
fn a_reply_that_crosses_the_goodbye_is_reported() {
    let (mut laptop, mut phone) = world::open(Flow::Qr);
    let _ = phone.receive(&laptop.request(&[2]).unwrap()).unwrap();
    let reply = phone.respond(&[0]).unwrap();
    let goodbye = laptop.shutdown().unwrap();
    let event = laptop.receive(&reply).unwrap().event;
    assert_eq!(event, Some(LaptopEvent::Reply(vec![0])));
    assert!(phone.receive(&goodbye).is_ok());
}

/// A phone library in the field sends one behind its reply. It does no harm there.
#[test]
fn a_phones_shutdown_behind_its_reply_is_tolerated() {
    let (mut laptop, mut holder) = world::open_laptop_and_key_holder(Flow::Qr);
    laptop.request(&[2]).unwrap();
    let event = laptop.receive(&holder.say(&[1, 0])).unwrap().event;
    assert_eq!(event, Some(LaptopEvent::Reply(vec![0])));
    let event = laptop.receive(&holder.say(&[0])).unwrap().event;
    assert_eq!(event, Some(LaptopEvent::PhoneShutdown));
    assert_eq!(laptop.request(&[2]), Err(SessionError::ShutDown));
    assert!(laptop.shutdown().is_ok(), "the phone is told all the same");
}

#[test]
fn a_phones_shutdown_after_the_laptops_is_tolerated() {
    let (mut laptop, mut holder) = world::open_laptop_and_key_holder(Flow::Qr);
    laptop.request(&[2]).unwrap();
    laptop.shutdown().unwrap();
    let event = laptop.receive(&holder.say(&[0])).unwrap().event;
    assert_eq!(event, Some(LaptopEvent::PhoneShutdown));
}

/// In place of a reply it means that there will be none.
#[test]
fn a_phones_shutdown_instead_of_its_reply_ends_the_session() {
    let (mut laptop, mut holder) = world::open_laptop_and_key_holder(Flow::Qr);
    laptop.request(&[2]).unwrap();
    let refused = laptop.receive(&holder.say(&[0]));
    assert_eq!(refused, Err(SessionError::Unexpected(FrameKind::Shutdown)));
}

/// Before anything was asked: nothing is lost, and nothing can be asked any more.
#[test]
fn a_phones_shutdown_before_the_request_is_reported() {
    let (mut laptop, mut holder) = world::open_laptop_and_key_holder(Flow::Qr);
    let event = laptop.receive(&holder.say(&[0])).unwrap().event;
    assert_eq!(event, Some(LaptopEvent::PhoneShutdown));
    assert_eq!(laptop.request(&[2]), Err(SessionError::ShutDown));
}

#[test]
fn a_laptop_that_goes_on_after_its_goodbye_is_refused() {
    for frame in [&[0][..], &[1, 2], &[3, b'{', b'}']] {
        let (mut phone, mut holder) = world::phone_and_key_holder(Flow::Qr);
        let _ = phone.receive(&holder.say(&[0])).unwrap();
        let refused = phone.receive(&holder.say(frame));
        assert!(matches!(refused, Err(SessionError::Unexpected(_))));
    }
}
