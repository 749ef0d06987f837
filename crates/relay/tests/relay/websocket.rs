//! Frames that are rare, broken or hostile.

use std::collections::BTreeMap;

use crate::client::{
    Peer, Received, binary, close, connect, frame, message, pair, phone, relay, settle,
};
use crate::metered::Metered;

async fn closed_with(peer: &mut Peer) -> Option<u16> {
    loop {
        match peer.receive().await {
            Received::Close { code } => return code,
            Received::End => panic!("no close frame"),
            Received::Frame { .. } => {}
        }
    }
}

/// Streams that break a rule, and the code that both ends are told.
fn broken() -> Vec<(String, Vec<u8>, u16)> {
    let mut cases: Vec<(&str, Vec<u8>, u16)> = vec![
        ("not masked", vec![0x82, 1, 0], 1002),
        ("text", frame(true, 1, b"x"), 1003),
        ("continuation of nothing", frame(true, 0, b"x"), 1002),
        (
            "message inside a message",
            [frame(false, 2, b"x"), message(b"y")].concat(),
            1002,
        ),
        ("one byte too many", message(&vec![0; 65537]), 1009),
        (
            "fragments that are too long together",
            [frame(false, 2, &vec![0; 65536]), frame(true, 0, b"x")].concat(),
            1009,
        ),
        (
            "2^63 bytes",
            vec![0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4],
            1002,
        ),
        (
            "2^63 - 1 bytes",
            vec![
                0x82, 0xFF, 0x7F, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4,
            ],
            1009,
        ),
        (
            "16 bits for a length of 125",
            [&[0x82, 0xFE, 0, 125, 1, 2, 3, 4][..], &[0; 125]].concat(),
            1002,
        ),
        (
            "64 bits for a length of 65535",
            [&[0x82, 0xFF, 0, 0, 0, 0, 0, 0, 255, 255][..], &[0; 9]].concat(),
            1002,
        ),
        ("close of one byte", frame(true, 8, &[3]), 1002),
        (
            "close reason that is not UTF-8",
            frame(true, 8, &[3, 232, 0xFF]),
            1002,
        ),
        ("ping flood", frame(true, 9, b"x").repeat(257), 1008),
        (
            "empty fragments",
            [frame(false, 2, b""), frame(false, 0, b"").repeat(256)].concat(),
            1008,
        ),
        ("too many messages", message(b"x").repeat(257), 1008),
    ];
    for bit in [0x40, 0x20, 0x10] {
        cases.push(("reserved bit", vec![0x82 | bit, 0x81, 0, 0, 0, 0, 0], 1002));
    }
    for opcode in (3..8).chain(11..16) {
        cases.push(("reserved opcode", frame(true, opcode, b"x"), 1002));
    }
    for opcode in [8, 9, 10] {
        cases.push((
            "control frame of 126 bytes",
            frame(true, opcode, &[0; 126]),
            1002,
        ));
        cases.push(("fragmented control frame", frame(false, opcode, b""), 1002));
    }
    for code in [0, 999, 1004, 1005, 1006, 1015, 5000, 65535] {
        cases.push(("close code", close(code), 1002));
    }
    let named = |(name, bytes, code): (&str, Vec<u8>, u16)| {
        let start = &bytes[..bytes.len().min(14)];
        (format!("{name}: {start:02x?}"), bytes, code)
    };
    cases.into_iter().map(named).collect()
}

#[tokio::test(start_paused = true)]
async fn broken_frames_end_the_tunnel_for_both_with_one_code_and_nobody_else_notices() {
    let relay = relay();
    let (mut honest_phone, mut honest_laptop) = pair(&relay).await;
    let by_both = broken()
        .into_iter()
        .flat_map(|case| [(case.clone(), true), (case, false)]);
    for (n, ((name, bytes, code), by_phone)) in (1..).zip(by_both) {
        let (phone, laptop) = pair(&relay).await;
        let (mut sender, mut other) = if by_phone {
            (phone, laptop)
        } else {
            (laptop, phone)
        };
        let name = format!("{name}, by the phone: {by_phone}");
        sender.write(&bytes).await;
        assert_eq!(
            closed_with(&mut sender).await,
            Some(code),
            "{name}: to the sender"
        );
        assert_eq!(
            closed_with(&mut other).await,
            Some(code),
            "{name}: to the other"
        );
        assert_eq!(sender.receive().await, Received::End, "{name}");
        other.write(&close(code)).await;
        sender.write(&close(code)).await;
        drop(sender);
        settle().await;
        assert_eq!(relay.stats().connections, 2, "{name}");
        let payload = vec![n; 1000];
        honest_laptop.send(&payload).await;
        assert_eq!(honest_phone.receive().await, binary(&payload), "{name}");
        honest_phone.send(&payload).await;
        assert_eq!(honest_laptop.receive().await, binary(&payload), "{name}");
    }
}

/// What nobody may say in a tunnel, a phone may not say before a laptop is there.
#[tokio::test(start_paused = true)]
async fn broken_frames_of_a_phone_that_waits_end_its_tunnel_and_are_counted_by_their_kind() {
    let metered = Metered::new(relay());
    let mut expected = BTreeMap::new();
    // The others end nothing before their end, and more than the early bytes is not read.
    let short = broken().into_iter().filter(|case| case.1.len() < 2000);
    for (name, bytes, code) in short {
        let mut phone = phone(&metered.relay).await;
        phone.write(&bytes).await;
        assert_eq!(closed_with(&mut phone).await, Some(code), "{name}");
        drop(phone);
        settle().await;
        assert_eq!(metered.relay.stats().connections, 0, "{name}");
        let reason = match code {
            1002 => "websocket_violation",
            1003 => "text_message",
            1009 => "message_too_big",
            _ if name.starts_with("too many messages") => "too_many_messages",
            _ => "too_many_control_frames",
        };
        *expected
            .entry(format!("{{reason=\"{reason}\",state=\"waiting\"}}"))
            .or_default() += 1;
    }
    assert_eq!(
        metered.counts("hawser_relay_tunnels_closed_total"),
        expected
    );
    assert_eq!(expected.len(), 5, "{expected:?}");
}

#[tokio::test(start_paused = true)]
async fn fragments_and_what_comes_between_them() {
    let relay = relay();
    let (mut phone, mut laptop) = pair(&relay).await;
    let sent = [
        frame(false, 2, b"a"),
        frame(true, 9, b"are you there"),
        frame(false, 0, b"b"),
        frame(true, 0, b""),
    ];
    laptop.write(&sent.concat()).await;
    for (is_final, opcode, payload) in [(false, 2, "a"), (false, 0, "b"), (true, 0, "")] {
        let expected = Received::Frame {
            is_final,
            opcode,
            payload: payload.into(),
        };
        // An empty frame is passed on like any other: nothing is merged or split.
        assert_eq!(phone.receive().await, expected);
    }
    let pong = Received::Frame {
        is_final: true,
        opcode: 10,
        payload: b"are you there".to_vec(),
    };
    assert_eq!(laptop.receive().await, pong, "answered here, not forwarded");
    assert_eq!(relay.stats().messages, 1);
}

#[tokio::test(start_paused = true)]
async fn a_message_in_fragments_of_one_byte() {
    let relay = relay();
    let (mut phone, mut laptop) = pair(&relay).await;
    let len = 65536;
    let mut sent = frame(false, 2, &[7]);
    sent.extend(frame(false, 0, &[7]).repeat(len - 2));
    sent.extend(frame(true, 0, &[7]));
    let writer = tokio::spawn(async move {
        phone.write(&sent).await;
        phone
    });
    for n in 1..=len {
        let expected = Received::Frame {
            is_final: n == len,
            opcode: if n == 1 { 2 } else { 0 },
            payload: vec![7],
        };
        assert_eq!(laptop.receive().await, expected, "fragment {n}");
    }
    let mut phone = writer.await.unwrap();
    assert_eq!(relay.stats().messages, 1);
    phone.send(b"and on").await;
    assert_eq!(laptop.receive().await, binary(b"and on"));
}

#[tokio::test(start_paused = true)]
async fn every_byte_may_come_alone() {
    let relay = relay();
    let (mut phone, mut laptop) = pair(&relay).await;
    let payload: Vec<u8> = (0..300).map(|n: u32| n as u8).collect();
    let sent = [
        message(&payload),
        frame(true, 9, b"ping"),
        message(b"next"),
        close(1000),
    ]
    .concat();
    for byte in sent {
        phone.write(&[byte]).await;
        settle().await;
    }
    assert_eq!(laptop.receive().await, binary(&payload));
    assert_eq!(laptop.receive().await, binary(b"next"));
    assert_eq!(laptop.receive().await, Received::Close { code: Some(1000) });
    let pong = Received::Frame {
        is_final: true,
        opcode: 10,
        payload: b"ping".to_vec(),
    };
    assert_eq!(phone.receive().await, pong);
}

#[tokio::test(start_paused = true)]
async fn a_pong_never_lands_inside_a_frame() {
    let relay = relay();
    let (mut phone, mut laptop) = pair(&relay).await;
    let long = message(&[9; 5000]);
    phone.write(&long[..1000]).await;
    settle().await;
    laptop.write(&frame(true, 9, b"now")).await;
    settle().await;
    phone.write(&long[1000..]).await;
    assert_eq!(laptop.receive().await, binary(&[9; 5000]));
    let pong = Received::Frame {
        is_final: true,
        opcode: 10,
        payload: b"now".to_vec(),
    };
    assert_eq!(laptop.receive().await, pong);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_dies_inside_a_frame_ends_the_stream_without_a_lie() {
    let relay = relay();
    let (mut phone, mut laptop) = pair(&relay).await;
    let long = message(&[9; 5000]);
    phone.write(&long[..1000]).await;
    drop(phone);
    let rest = laptop.rest().await;
    // Head of 4 bytes, then the payload that came; no close frame can follow it.
    assert_eq!(rest[..4], [0x82, 126, 0x13, 0x88]);
    assert!(rest[4..].iter().all(|byte| *byte == 9) && rest.len() == 4 + 1000 - 8);
}

#[tokio::test(start_paused = true)]
async fn nothing_behind_a_close_counts() {
    let relay = relay();
    let (mut phone, mut laptop) = pair(&relay).await;
    phone
        .write(&[close(1000), message(b"ghost")].concat())
        .await;
    assert_eq!(laptop.receive().await, Received::Close { code: Some(1000) });
    assert_eq!(phone.receive().await, Received::Close { code: Some(1000) });
    assert_eq!(phone.receive().await, Received::End);
}

#[tokio::test(start_paused = true)]
async fn a_close_without_a_code_is_answered_without_one() {
    let relay = relay();
    let mut phone = phone(&relay).await;
    phone.write(&frame(true, 8, b"")).await;
    assert_eq!(phone.receive().await, Received::Close { code: None });
}

#[tokio::test(start_paused = true)]
async fn rubbish_instead_of_http() {
    let relay = relay();
    let mut peer = connect(&relay);
    peer.write(&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3]).await;
    assert_eq!(peer.answer().await.status, 400);
}
