//! The connection signal of a tunnel service: one byte that is not encrypted, in the linked flow.

use hawser_proto::laptop::CONNECTION_SIGNAL;
use hawser_proto::noise::NoiseError;
use hawser_proto::{ConnectionSignal, LaptopEvent, LaptopSession, OsRng, SessionError};

use crate::world::{self, Flow};

fn laptop(signal: ConnectionSignal) -> (LaptopSession, Vec<u8>) {
    let (link, advert) = (world::link(), world::linked_advert());
    LaptopSession::start_linked(&link, &advert, signal, &mut OsRng).unwrap()
}

/// The service forwards the laptop's message when the phone joins, before or after it tells the
/// laptop so; the signal is the first that the laptop receives either way.
#[test]
fn it_may_come_before_or_after_the_first_message_has_reached_the_phone() {
    for signal_first in [true, false] {
        let (mut laptop, first) = laptop(ConnectionSignal::Expected);
        let mut phone = world::phone(Flow::Linked);
        let mut said = Vec::new();
        if !signal_first {
            said = phone.receive(&first).unwrap().send;
        }
        let event = laptop.receive(&CONNECTION_SIGNAL).unwrap().event;
        assert_eq!(event, Some(LaptopEvent::PhoneJoined));
        if signal_first {
            said = phone.receive(&first).unwrap().send;
        }
        let mut events = said
            .iter()
            .map(|message| laptop.receive(message).unwrap().event);
        assert_eq!(events.next(), Some(None));
        assert!(matches!(events.next(), Some(Some(LaptopEvent::Ready(_)))));
    }
}

#[test]
fn anything_else_in_its_place_ends_the_session() {
    let (_, first) = laptop(ConnectionSignal::Expected);
    let answer = world::phone(Flow::Linked)
        .receive(&first)
        .unwrap()
        .send
        .remove(0);
    for message in [&[][..], &[1], &[0, 0], &[0xFF], &first, &answer] {
        let (mut laptop, _) = laptop(ConnectionSignal::Expected);
        let len = message.len();
        let refused = laptop.receive(message);
        assert_eq!(refused, Err(SessionError::ConnectionSignal { len }));
        assert_eq!(
            laptop.receive(&CONNECTION_SIGNAL),
            Err(SessionError::Closed)
        );
    }
}

/// Nothing can be asked, nor said, before the phone has answered.
#[test]
fn the_signal_makes_nothing_ready() {
    let (mut laptop, _) = laptop(ConnectionSignal::Expected);
    assert_eq!(laptop.shutdown(), Err(SessionError::NotReady));
    let _ = laptop.receive(&CONNECTION_SIGNAL).unwrap();
    assert_eq!(laptop.request(&[4]), Err(SessionError::NotReady));
    assert_eq!(laptop.shutdown(), Err(SessionError::NotReady));
}

#[test]
fn it_comes_once_and_only_if_it_was_asked_for() {
    let refused = Err(SessionError::Handshake(NoiseError::Length { found: 1 }));
    let (mut twice, _) = laptop(ConnectionSignal::Expected);
    let _ = twice.receive(&CONNECTION_SIGNAL).unwrap();
    assert_eq!(twice.receive(&CONNECTION_SIGNAL), refused);

    let (mut unasked, _) = laptop(ConnectionSignal::NotExpected);
    assert_eq!(unasked.receive(&CONNECTION_SIGNAL), refused);

    let (mut behind_a_code, _) = world::laptop(Flow::Qr);
    assert_eq!(behind_a_code.receive(&CONNECTION_SIGNAL), refused);
}
