//! What holds for every byte stream that a peer may send, however the network cuts it.

use hawser_wire::CloseReason;
use proptest::collection::vec;
use proptest::prelude::*;

use super::inbound::{Budget, Heard, Inbound};

const BUDGET: Budget = Budget {
    message_bytes: 3000,
    messages: Some(6),
    bytes: Some(8000),
    control_frames: 5,
};

/// What one peer's stream came to.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    forwarded: Vec<u8>,
    /// How it ended, if it did before the bytes did.
    end: Option<Heard>,
    pong: Option<Box<[u8]>>,
    messages: u32,
    bytes: u64,
    in_frame: bool,
}

/// Feeds a stream as reads of these lengths; what is left over is one more read.
fn feed(stream: &[u8], reads: &[usize]) -> Outcome {
    let mut inbound = Inbound::default();
    let mut forwarded = Vec::new();
    let mut end = None;
    let mut rest = stream;
    let mut reads = reads.iter();
    while !rest.is_empty() && end.is_none() {
        let len = reads.next().map_or(rest.len(), |len| *len.min(&rest.len()));
        let (read, later) = rest.split_at(len);
        rest = later;
        let mut buffer = std::mem::take(&mut inbound.carry).into_vec();
        assert!(
            buffer.len() < 139,
            "a head of 14 bytes and 125 behind it at most"
        );
        buffer.extend_from_slice(read);
        let (heard, out) = inbound.scan(&mut buffer, &BUDGET);
        forwarded.extend_from_slice(&buffer[..out]);
        end = (heard != Heard::Data).then_some(heard);
    }
    Outcome {
        forwarded,
        end,
        pong: inbound.pong.take(),
        messages: inbound.messages,
        bytes: inbound.bytes,
        in_frame: inbound.in_frame(),
    }
}

#[derive(Debug, Clone)]
struct Frame {
    first: u8,
    payload: Vec<u8>,
    mask: [u8; 4],
}

impl Frame {
    fn head(&self, masked: u8) -> Vec<u8> {
        let mut head = vec![self.first];
        let len = u16::try_from(self.payload.len()).unwrap();
        if let Ok(short @ 0..=125) = u8::try_from(len) {
            head.push(masked | short);
        } else {
            head.push(masked | 0x7E);
            head.extend(len.to_be_bytes());
        }
        head
    }

    /// As a client sends it.
    fn sent(&self) -> Vec<u8> {
        let mut frame = self.head(0x80);
        frame.extend(self.mask);
        let mask = self.mask.iter().cycle();
        frame.extend(self.payload.iter().zip(mask).map(|(byte, key)| byte ^ key));
        frame
    }

    /// As a server passes it on.
    fn passed_on(&self) -> Vec<u8> {
        [self.head(0), self.payload.clone()].concat()
    }
}

fn frame(first: impl Strategy<Value = u8>, len: usize) -> impl Strategy<Value = Frame> {
    (first, vec(any::<u8>(), 0..=len), any::<[u8; 4]>()).prop_map(|(first, payload, mask)| Frame {
        first,
        payload,
        mask,
    })
}

/// Frames that are mostly right: messages, pings, pongs, sometimes fragments and a close.
fn frames() -> impl Strategy<Value = Vec<Frame>> {
    let data = frame(Just(0x82), 2000);
    let control = frame(prop_oneof![Just(0x89), Just(0x8A)], 125);
    let odd = frame(
        prop_oneof![Just(0x02), Just(0x00), Just(0x80), Just(0x88), any::<u8>()],
        300,
    );
    vec(prop_oneof![6 => data, 2 => control, 1 => odd], 0..10)
}

/// Messages in fragments with a ping here and there, all within the budget.
fn mixed() -> impl Strategy<Value = Vec<Frame>> {
    let fragment = vec(any::<u8>(), 1..=400);
    let message = (vec((fragment, any::<[u8; 4]>()), 1..=3), 0..=3_usize);
    let ping = frame(Just(0x89), 125);
    (vec(message, 0..=6), vec(ping, 5)).prop_map(|(messages, mut pings)| {
        let mut frames = Vec::new();
        for (fragments, ping_before) in messages {
            let last = fragments.len() - 1;
            for (at, (payload, mask)) in fragments.into_iter().enumerate() {
                if at == ping_before {
                    frames.extend(pings.pop());
                }
                let first = if at == 0 { 0x02 } else { 0x00 } | if at == last { 0x80 } else { 0 };
                frames.push(Frame {
                    first,
                    payload,
                    mask,
                });
            }
        }
        frames
    })
}

fn reads() -> impl Strategy<Value = Vec<usize>> {
    vec(
        prop_oneof![3 => 1_usize..6, 2 => 1_usize..300, 1 => 1_usize..5000],
        0..200,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_stream_means_the_same_however_it_is_cut(frames in frames(), reads in reads()) {
        let stream: Vec<u8> = frames.iter().flat_map(Frame::sent).collect();
        prop_assert_eq!(feed(&stream, &reads), feed(&stream, &[]));
    }

    #[test]
    fn a_damaged_stream_too(
        frames in frames(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        reads in reads(),
    ) {
        let mut stream: Vec<u8> = frames.iter().flat_map(Frame::sent).collect();
        stream.push(0);
        for (at, byte) in damage {
            let at = at.index(stream.len());
            stream[at] = byte;
        }
        prop_assert_eq!(feed(&stream, &reads), feed(&stream, &[]));
    }

    #[test]
    fn arbitrary_bytes_never_panic(stream in vec(any::<u8>(), 0..6000), reads in reads()) {
        prop_assert_eq!(feed(&stream, &reads), feed(&stream, &[]));
    }

    #[test]
    fn messages_within_the_budget_pass_unchanged(
        messages in vec(frame(Just(0x82), 1300), 0..=6),
        reads in reads(),
    ) {
        let stream: Vec<u8> = messages.iter().flat_map(Frame::sent).collect();
        let expected: Vec<u8> = messages.iter().flat_map(Frame::passed_on).collect();
        let outcome = feed(&stream, &reads);
        prop_assert_eq!(outcome.forwarded, expected);
        prop_assert_eq!((outcome.end, outcome.in_frame), (None, false));
        prop_assert_eq!(usize::try_from(outcome.messages).unwrap(), messages.len());
    }

    #[test]
    fn of_a_mixed_stream_the_data_frames_pass_in_order(
        (frames, reads) in (mixed(), reads()),
    ) {
        let stream: Vec<u8> = frames.iter().flat_map(Frame::sent).collect();
        let data = frames.iter().filter(|frame| frame.first & 8 == 0);
        let expected: Vec<u8> = data.flat_map(Frame::passed_on).collect();
        let outcome = feed(&stream, &reads);
        prop_assert_eq!(outcome.forwarded, expected);
        prop_assert_eq!((outcome.end, outcome.in_frame), (None, false));
        let last_ping = frames.iter().rfind(|frame| frame.first == 0x89);
        let pong = last_ping.map(|ping| [&[0x8A, ping.head(0)[1]], &ping.payload[..]].concat());
        prop_assert_eq!(outcome.pong.map(Vec::from), pong);
    }

    #[test]
    fn nothing_beyond_the_budget_passes(frames in frames(), reads in reads()) {
        let stream: Vec<u8> = frames.iter().flat_map(Frame::sent).collect();
        let outcome = feed(&stream, &reads);
        // At most four bytes of head a data frame, and no payload beyond what is allowed.
        prop_assert!(outcome.forwarded.len() <= 8000 + 4 * frames.len());
        if outcome.end == Some(Heard::Fault(CloseReason::TooManyMessages)) {
            prop_assert_eq!(outcome.messages, 7);
        } else {
            prop_assert!(outcome.messages <= 7);
        }
    }
}
