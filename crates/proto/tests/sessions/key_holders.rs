//! Peers that hold the right keys and send arbitrary plaintexts: behind the decryption nothing
//! panics, and what is accepted is exactly what the protocol allows at that moment.
//!
//! The expectations here are written down once more, without the product's parsers.

use hawser_proto::frame::{FrameError, FrameKind};
use hawser_proto::record::OpenError;
use hawser_proto::{LaptopEvent, PhoneEvent, SessionError};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::world::{self, FLOWS};

/// Padded plaintexts: from noise to nearly right frames.
fn padded() -> impl Strategy<Value = Vec<u8>> {
    let framed = (0..6_u8, vec(any::<u8>(), 0..80)).prop_map(|(kind, payload)| {
        let mut plaintext = vec![kind];
        plaintext.extend(payload);
        hawser_proto::padding::pad(&mut plaintext);
        plaintext
    });
    let updates = map().prop_map(|map| {
        let mut plaintext = vec![2];
        plaintext.extend(map);
        hawser_proto::padding::pad(&mut plaintext);
        plaintext
    });
    prop_oneof![vec(any::<u8>(), 0..100), framed, updates]
}

/// CBOR maps with the keys of the protocol and values of any type, and such maps with a byte altered.
fn map() -> impl Strategy<Value = Vec<u8>> {
    let value = prop_oneof![
        Just(vec![0xA0]),
        Just(vec![0xF5]),
        Just(vec![0x18, 0x20]),
        Just(vec![0x43, 1, 2, 3]),
        Just(vec![0x62, b'g', b'a']),
        Just(vec![0x81, 0x64, b'c', b't', b'a', b'p']),
        Just(vec![0x81, 0x62, b'd', b'c']),
        Just(vec![0xA1, 0x01, 0x43, 1, 2, 3]),
        Just(vec![0xFB, 0, 0, 0, 0, 0, 0, 0, 0]),
    ];
    let entries = proptest::collection::btree_map(0..8_u8, value, 0..6);
    (entries, any::<Option<(Index, u8)>>()).prop_map(|(entries, altered)| {
        let mut map = vec![0xA0 + u8::try_from(entries.len()).unwrap()];
        for (key, value) in entries {
            map.push(key);
            map.extend(value);
        }
        if let Some((at, byte)) = altered {
            let at = at.index(map.len());
            map[at] = byte;
        }
        map
    })
}

/// What is left when the padding is gone.
fn unpadded(padded: &[u8]) -> Option<&[u8]> {
    let (count, rest) = padded.split_last()?;
    rest.get(..rest.len().checked_sub(usize::from(*count))?)
}

fn is_bad_padding(error: SessionError) -> bool {
    matches!(error, SessionError::Open(OpenError::Padding(_)))
}

proptest! {
    #![proptest_config(world::cases(80))]

    #[test]
    fn a_laptop_takes_what_it_may(
        flow in select(&FLOWS[..]),
        asked in select(&[None, Some(FrameKind::Ctap), Some(FrameKind::Json)][..]),
        shut_down in any::<bool>(),
        padded in padded(),
    ) {
        let (mut laptop, mut holder) = world::open_laptop_and_key_holder(flow);
        match asked {
            Some(FrameKind::Json) => drop(laptop.request_json(b"{}").unwrap()),
            Some(_) => drop(laptop.request(&[2]).unwrap()),
            None => {}
        }
        if shut_down {
            laptop.shutdown().unwrap();
        }
        let result = laptop.receive(&holder.say_padded(&padded)).map(|step| step.event);
        let Some(plaintext) = unpadded(&padded) else {
            prop_assert!(is_bad_padding(result.unwrap_err()));
            return Ok(());
        };
        match (plaintext.split_first(), asked) {
            (None, _) => prop_assert_eq!(result, Err(SessionError::Frame(FrameError::Empty))),
            (Some((0, _)), Some(_)) if !shut_down => {
                prop_assert_eq!(result, Err(SessionError::Unexpected(FrameKind::Shutdown)));
            }
            (Some((0, _)), _) => prop_assert_eq!(result, Ok(Some(LaptopEvent::PhoneShutdown))),
            (Some((1 | 3, [])), _) => {
                let is_expected = matches!(result, Err(SessionError::Frame(FrameError::NoPayload(_))));
                prop_assert!(is_expected, "{:?}", result);
            }
            (Some((1, reply)), Some(FrameKind::Ctap)) => {
                prop_assert_eq!(result, Ok(Some(LaptopEvent::Reply(reply.to_vec()))));
            }
            (Some((3, reply)), Some(FrameKind::Json)) => {
                prop_assert_eq!(result, Ok(Some(LaptopEvent::JsonReply(reply.to_vec()))));
            }
            (Some((1 | 3, _)), Some(_)) => {
                let is_expected = matches!(result, Err(SessionError::WrongReply { .. }));
                prop_assert!(is_expected, "{:?}", result);
            }
            (Some((1 | 3, _)), None) => {
                let is_expected = matches!(result, Err(SessionError::Unexpected(_)));
                prop_assert!(is_expected, "{:?}", result);
            }
            // Nobody here has the phone's identity, so nothing that is offered can verify.
            (Some((2, _)), _) => {
                let is_expected = matches!(
                    result,
                    Ok(None | Some(LaptopEvent::LinkRejected)) | Err(SessionError::Update(_))
                );
                prop_assert!(is_expected, "{:?}", result);
            }
            (Some((kind, _)), _) => {
                let unknown = FrameError::Unknown(*kind);
                prop_assert_eq!(result, Err(SessionError::Frame(unknown)));
            }
        }
    }

    #[test]
    fn a_phone_takes_what_it_may(
        flow in select(&FLOWS[..]),
        waiting in any::<bool>(),
        shut_down in any::<bool>(),
        padded in padded(),
    ) {
        let (mut phone, mut holder) = world::phone_and_key_holder(flow);
        if waiting {
            let _ = phone.receive(&holder.say(&[1, 2])).unwrap();
        }
        if shut_down {
            let _ = phone.receive(&holder.say(&[0])).unwrap();
        }
        let result = phone.receive(&holder.say_padded(&padded));
        if let Ok(step) = &result {
            prop_assert!(step.send.is_empty(), "a phone answers nothing by itself");
        }
        let result = result.map(|step| step.event);
        let Some(plaintext) = unpadded(&padded) else {
            prop_assert!(is_bad_padding(result.unwrap_err()));
            return Ok(());
        };
        match plaintext.split_first() {
            None => prop_assert_eq!(result, Err(SessionError::Frame(FrameError::Empty))),
            Some((1 | 3, [])) => {
                let is_expected = matches!(result, Err(SessionError::Frame(FrameError::NoPayload(_))));
                prop_assert!(is_expected, "{:?}", result);
            }
            Some((2, _)) => {
                let is_expected = matches!(result, Ok(None) | Err(SessionError::Update(_)));
                prop_assert!(is_expected, "{:?}", result);
            }
            Some((0 | 1 | 3, _)) if shut_down => {
                let is_expected = matches!(result, Err(SessionError::Unexpected(_)));
                prop_assert!(is_expected, "{:?}", result);
            }
            Some((0, _)) => prop_assert_eq!(result, Ok(Some(PhoneEvent::Shutdown))),
            Some((1 | 3, _)) if waiting => {
                let is_expected = matches!(result, Err(SessionError::Unexpected(_)));
                prop_assert!(is_expected, "{:?}", result);
            }
            Some((1, request)) => {
                prop_assert_eq!(result, Ok(Some(PhoneEvent::Request(request.to_vec()))));
            }
            Some((3, request)) => {
                prop_assert_eq!(result, Ok(Some(PhoneEvent::JsonRequest(request.to_vec()))));
            }
            Some((kind, _)) => {
                let unknown = FrameError::Unknown(*kind);
                prop_assert_eq!(result, Err(SessionError::Frame(unknown)));
            }
        }
    }

    #[test]
    fn an_introduction_is_read_or_refused(
        flow in select(&FLOWS[..]),
        padded in prop_oneof![
            padded(),
            map().prop_map(|mut map| {
                hawser_proto::padding::pad(&mut map);
                map
            }),
        ],
    ) {
        let (mut laptop, mut holder) = world::laptop_and_key_holder(flow);
        match laptop.receive(&holder.say_padded(&padded)) {
            Err(error) => {
                let is_typed = matches!(error, SessionError::PostHandshake(_)) || is_bad_padding(error);
                prop_assert!(is_typed, "{:?}", error);
                prop_assert_eq!(laptop.request(&[4]), Err(SessionError::Closed));
            }
            Ok(step) => {
                let Some(LaptopEvent::Ready(phone)) = step.event else {
                    panic!("{:?}", step.event);
                };
                let plaintext = unpadded(&padded).unwrap();
                prop_assert_eq!(plaintext[0] >> 5, 5, "only a map is an introduction");
                let info = phone.get_info().unwrap_or_default();
                let said = info.is_empty() || plaintext.windows(info.len()).any(|part| part == info);
                prop_assert!(said, "information that the phone never gave");
                prop_assert_eq!(phone.link(), None);
                prop_assert_eq!(phone.offers_ctap(), phone.get_info().is_some());
                // What is offered can be asked, and nothing else.
                prop_assert_eq!(laptop.request(&[4]).is_ok(), phone.offers_ctap());
            }
        }
    }

    /// A whole conversation of arbitrary plaintexts, until the session has enough of it.
    #[test]
    fn a_conversation_ends_in_a_typed_error_or_goes_on(
        flow in select(&FLOWS[..]),
        spoken in vec(padded(), 1..12),
    ) {
        let (mut laptop, mut holder) = world::open_laptop_and_key_holder(flow);
        let mut ended = false;
        for padded in spoken {
            let result = laptop.receive(&holder.say_padded(&padded));
            if ended {
                prop_assert_eq!(result, Err(SessionError::Closed));
            } else {
                ended = result.is_err();
            }
        }
    }
}
