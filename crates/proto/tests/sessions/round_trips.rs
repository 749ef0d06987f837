//! What one side sends, the other receives, in both flows.

use hawser_proto::{
    Advert, ConnectionSignal, Hint, Invitation, LaptopEvent, LaptopInvitation, LaptopSession,
    LinkedAdvert, LinkedRequest, OsRng, PhoneEvent, PhoneHello, PhoneSession, SessionError, Step,
};
use hawser_wire::{RoutingId, TunnelPath};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::world::{self, FLOWS, Flow, GET_INFO};

proptest! {
    #![proptest_config(world::cases(24))]

    #[test]
    fn requests_and_responses_arrive_unchanged(
        linked in any::<bool>(),
        rounds in vec((any::<bool>(), vec(any::<u8>(), 1..1500), vec(any::<u8>(), 1..1500)), 1..5),
    ) {
        let flow = FLOWS[usize::from(linked)];
        let (mut laptop, mut phone) = world::open(flow);
        for (is_json, request, response) in rounds {
            let (message, expected) = if is_json {
                (laptop.request_json(&request), PhoneEvent::JsonRequest(request.clone()))
            } else {
                (laptop.request(&request), PhoneEvent::Request(request.clone()))
            };
            let step = phone.receive(&message.unwrap()).unwrap();
            prop_assert_eq!(step, Step { send: vec![], event: Some(expected) });

            let (message, expected) = if is_json {
                (phone.respond_json(&response), LaptopEvent::JsonReply(response.clone()))
            } else {
                (phone.respond(&response), LaptopEvent::Reply(response.clone()))
            };
            let step = laptop.receive(&message.unwrap()).unwrap();
            prop_assert_eq!(step, Step { send: vec![], event: Some(expected) });
        }
        let step = phone.receive(&laptop.shutdown().unwrap()).unwrap();
        prop_assert_eq!(step, Step { send: vec![], event: Some(PhoneEvent::Shutdown) });
    }

    /// The length that a tunnel service sees tells it 32 bytes at a time, and no more.
    #[test]
    fn only_rounded_lengths_are_visible(request in vec(any::<u8>(), 1..400)) {
        let (mut laptop, _) = world::open(Flow::Qr);
        let message = laptop.request(&request).unwrap();
        // A type byte in front, a count behind, and the tag.
        prop_assert_eq!(message.len(), (request.len() + 2).next_multiple_of(32) + 16);
    }
}

/// The whole story: a code, a link that came with it, and the same phone again without a code.
#[test]
fn a_session_behind_a_code_gives_the_link_for_the_next() {
    let rng = &mut OsRng;
    let shown =
        LaptopInvitation::new(rng, Hint::MakeCredential, Some(1_800_000_000), true).unwrap();
    let scanned = Invitation::parse(&shown.invitation().to_uri()).unwrap();
    assert_eq!(&scanned, shown.invitation());

    let advert = Advert::new(rng, RoutingId::from_bytes([0, 0, 7]), world::domain()).unwrap();
    let on_air = advert.seal(&scanned.eid_key());
    let heard = Advert::open(&shown.invitation().eid_key(), &on_air).unwrap();
    let path = TunnelPath::Connect(heard.routing_id(), scanned.tunnel_id());
    assert!(
        heard
            .domain()
            .url(&path)
            .starts_with("wss://cable.wufkweyy3uaxb.com/cable/connect/000007/")
    );

    let hello = PhoneHello::new(world::introduction())
        .with_linking(world::offer())
        .unwrap();
    let mut phone = PhoneSession::new(&scanned, &advert, hello, rng).unwrap();
    let (mut laptop, first) = LaptopSession::start(&shown, &heard, rng).unwrap();
    let step = phone.receive(&first).unwrap();
    assert_eq!(step.event, Some(PhoneEvent::Ready));
    let lengths: Vec<_> = step.send.iter().map(Vec::len).collect();
    assert_eq!(
        lengths,
        [81, 48, 528],
        "the update has the length that it always has"
    );

    let events: Vec<_> = step
        .send
        .iter()
        .map(|message| laptop.receive(message).unwrap().event)
        .collect();
    let [
        None,
        Some(LaptopEvent::Ready(introduced)),
        Some(LaptopEvent::Linked(link)),
    ] = &events[..]
    else {
        panic!("{events:?}");
    };
    assert_eq!(introduced.get_info(), Some(&GET_INFO[..]));
    assert_eq!(*link, world::link());

    let request = LinkedRequest::new(rng, link, Hint::GetAssertion).unwrap();
    let received = LinkedRequest::from_header(&request.to_header()).unwrap();
    assert_eq!(received, request);
    assert_eq!(received.link_id(), &world::offer().link_id);
    let advert = LinkedAdvert::new(rng).unwrap();
    let on_air = advert.seal(&world::offer().secret.eid_key(received.nonce()));
    let heard = LinkedAdvert::open(&request.eid_key(link), &on_air).unwrap();

    let hello = PhoneHello::new(world::introduction());
    let secret = world::offer().secret;
    let mut phone =
        PhoneSession::new_linked(&secret, &world::identity(), &advert, hello, rng).unwrap();
    let signal = ConnectionSignal::NotExpected;
    let (mut laptop, first) = LaptopSession::start_linked(link, &heard, signal, rng).unwrap();
    let sent = phone.receive(&first).unwrap().send;
    let lengths: Vec<_> = sent.iter().map(Vec::len).collect();
    assert_eq!(lengths, [81, 48], "no update: it is linked already");
    for message in sent {
        let _ = laptop.receive(&message).unwrap();
    }
    let message = laptop.request(&[2, 0xA0]).unwrap();
    let event = phone.receive(&message).unwrap().event;
    assert_eq!(event, Some(PhoneEvent::Request(vec![2, 0xA0])));
}

/// The update has one length, whether the phone links or not: the tunnel service cannot tell.
#[test]
fn who_links_looks_like_who_does_not() {
    let lengths = |hello: PhoneHello| -> Vec<usize> {
        let (_, first) = world::laptop(Flow::Qr);
        let sent = world::phone_with(Flow::Qr, hello, &mut OsRng)
            .unwrap()
            .receive(&first)
            .unwrap()
            .send;
        sent.iter().map(Vec::len).collect()
    };
    let hello = PhoneHello::new(world::introduction());
    let linking = hello.clone().with_linking(world::offer()).unwrap();
    assert_eq!(lengths(hello), lengths(linking));
}

#[test]
fn what_is_not_offered_cannot_be_asked() {
    use hawser_proto::PostHandshake;
    use hawser_proto::frame::FrameKind;

    for (introduction, refused) in [
        (PostHandshake::ctap(GET_INFO), FrameKind::Json),
        (PostHandshake::json(), FrameKind::Ctap),
    ] {
        let mut phone =
            world::phone_with(Flow::Qr, PhoneHello::new(introduction), &mut OsRng).unwrap();
        let (mut laptop, first) = world::laptop(Flow::Qr);
        for message in phone.receive(&first).unwrap().send {
            let _ = laptop.receive(&message).unwrap();
        }
        let (asked, allowed) = match refused {
            FrameKind::Json => (laptop.request_json(b"{}"), laptop.request(&[4])),
            _ => (laptop.request(&[4]), laptop.request_json(b"{}")),
        };
        assert_eq!(asked, Err(SessionError::NotOffered(refused)));
        assert!(
            allowed.is_ok(),
            "a refused call leaves the session as it was"
        );
    }
}

/// Each call at a time that is not its own: an error, and the session goes on.
#[test]
fn calls_out_of_turn_leave_the_session_as_it_was() {
    for flow in FLOWS {
        let (mut laptop, first) = world::laptop(flow);
        let mut phone = world::phone(flow);
        assert_eq!(laptop.request(&[4]), Err(SessionError::NotReady));
        assert_eq!(laptop.shutdown(), Err(SessionError::NotReady));
        assert_eq!(phone.respond(&[0]), Err(SessionError::NotReady));
        for message in phone.receive(&first).unwrap().send {
            let _ = laptop.receive(&message).unwrap();
        }
        assert_eq!(phone.respond(&[0]), Err(SessionError::NoRequest));
        assert_eq!(laptop.request(&[]), Err(SessionError::Empty));
        let request = laptop.request(&[4]).unwrap();
        assert_eq!(laptop.request(&[4]), Err(SessionError::Busy));
        assert_eq!(laptop.request_json(b"{}"), Err(SessionError::Busy));
        let _ = phone.receive(&request).unwrap();
        assert_eq!(phone.respond(&[]), Err(SessionError::Empty));
        let reply = phone.respond(&[0]).unwrap();
        assert_eq!(phone.respond(&[0]), Err(SessionError::NoRequest));
        let event = laptop.receive(&reply).unwrap().event;
        assert_eq!(event, Some(LaptopEvent::Reply(vec![0])));
    }
}
