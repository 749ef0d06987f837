//! The longest message, at the limit and one byte past it. The count of messages has its test where
//! the counter is: in `record.rs` and `session.rs`.

use hawser_proto::record::{MAX_MESSAGE, MAX_PLAINTEXT, OpenError, SealError, TAG_LEN};
use hawser_proto::{LaptopEvent, PhoneEvent, SessionError};

use crate::world::{self, Flow};

/// One byte of a frame is its type.
const LONGEST_PAYLOAD: usize = MAX_PLAINTEXT - 1;

#[test]
fn the_longest_request_and_reply_arrive_and_one_more_byte_is_not_sent() {
    let (mut laptop, mut phone) = world::open(Flow::Qr);
    let long = vec![7; LONGEST_PAYLOAD + 1];
    let refused = Err(SessionError::Seal(SealError::TooLong {
        len: MAX_PLAINTEXT + 1,
    }));
    assert_eq!(laptop.request(&long), refused);

    let message = laptop.request(&long[1..]).unwrap();
    assert!(message.len() <= MAX_MESSAGE);
    let event = phone.receive(&message).unwrap().event;
    assert!(event == Some(PhoneEvent::Request(long[1..].to_vec())));

    assert_eq!(phone.respond(&long), refused);
    let message = phone.respond(&long[1..]).unwrap();
    let event = laptop.receive(&message).unwrap().event;
    assert!(event == Some(LaptopEvent::Reply(long[1..].to_vec())));
}

/// A peer that pads otherwise than we do can come closer to the limit.
#[test]
fn a_message_of_one_mebibyte_is_read_and_one_more_byte_ends_the_session() {
    for (len, is_read) in [(MAX_MESSAGE, true), (MAX_MESSAGE + 1, false)] {
        let (mut laptop, mut holder) = world::open_laptop_and_key_holder(Flow::Qr);
        laptop.request(&[2]).unwrap();
        let mut padded = vec![1; len - TAG_LEN];
        *padded.last_mut().unwrap() = 0;
        let message = holder.say_padded(&padded);
        assert_eq!(message.len(), len);
        let result = laptop.receive(&message);
        if is_read {
            let reply = padded[1..padded.len() - 1].to_vec();
            assert!(result.unwrap().event == Some(LaptopEvent::Reply(reply)));
        } else {
            assert_eq!(result, Err(SessionError::Open(OpenError::TooLong { len })));
            assert_eq!(laptop.request(&[2]), Err(SessionError::Closed));
        }
    }
}

/// The Noise library stops at 65,535 bytes; the record layer must not.
#[test]
fn messages_longer_than_noise_allows_arrive() {
    for len in [65_500, 65_519, 65_520, 65_536, 70_000] {
        let (mut laptop, mut phone) = world::open(Flow::Linked);
        let request = vec![5; len];
        let event = phone
            .receive(&laptop.request(&request).unwrap())
            .unwrap()
            .event;
        assert!(event == Some(PhoneEvent::Request(request)));
    }
}

/// An offer that does not fit the constant length of the update is refused before the handshake.
#[test]
fn an_offer_has_a_limit() {
    use hawser_proto::PhoneHello;
    use hawser_proto::update::{MAX_LINKING_LEN, UpdateError};
    use hawser_wire::ContactId;

    let hello = PhoneHello::new(world::introduction());
    let mut offer = world::offer();
    offer.contact_id = ContactId::from_bytes([1; 256]).unwrap();
    let room = MAX_LINKING_LEN - offer.encoded_len();
    offer.contact_id = ContactId::from_bytes(vec![1; 256 + room]).unwrap();
    assert_eq!(offer.encoded_len(), MAX_LINKING_LEN);
    assert!(hello.clone().with_linking(offer.clone()).is_ok());

    offer.contact_id = ContactId::from_bytes(vec![1; 256 + room + 1]).unwrap();
    let len = MAX_LINKING_LEN + 1;
    let refused = hello.with_linking(offer).err();
    assert_eq!(refused, Some(UpdateError::LinkingTooLong { len }));
}
