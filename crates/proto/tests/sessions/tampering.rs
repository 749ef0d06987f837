//! A tunnel service that drops, doubles, swaps, alters and injects messages between two honest
//! sessions.
//!
//! The rule: a session accepts exactly the messages that its peer sent, in the order in which it sent
//! them. So every event is one of the honest conversation, and the first message that is out of place
//! ends the session that received it.

use std::collections::VecDeque;

use hawser_proto::{LaptopEvent, LaptopSession, PhoneEvent, PhoneSession, SessionError};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::world::{self, FLOWS, Flow};

/// What is done to one message on its way.
#[derive(Debug, Clone)]
enum Tamper {
    Pass,
    Drop,
    Double,
    /// It comes after the one behind it.
    Swap,
    Flip(usize, u8),
    Cut(usize),
    /// Junk comes before it.
    Inject(Vec<u8>),
    /// A message of the receiver's own comes back to it.
    Reflect(usize),
    /// An earlier message in the same direction comes once more.
    Replay(usize),
    /// The message of the same place in another session of the same two. (The laptop's first message
    /// is left alone: see [`a_first_message_of_another_session_leads_nowhere`].)
    Foreign,
}

fn tamper() -> impl Strategy<Value = Tamper> {
    prop_oneof![
        8 => Just(Tamper::Pass),
        1 => Just(Tamper::Drop),
        1 => Just(Tamper::Double),
        1 => Just(Tamper::Swap),
        1 => (any::<usize>(), 0..8_u8).prop_map(|(at, bit)| Tamper::Flip(at, bit)),
        1 => any::<usize>().prop_map(Tamper::Cut),
        1 => vec(any::<u8>(), 0..120).prop_map(Tamper::Inject),
        1 => any::<usize>().prop_map(Tamper::Reflect),
        1 => any::<usize>().prop_map(Tamper::Replay),
        1 => Just(Tamper::Foreign),
    ]
}

const REQUESTS: [&[u8]; 3] = [&[1, 0xA0], &[2, 0xA1, 0x01, 0x02], &[2, 0xA0]];

fn answer_to(request: &[u8]) -> Vec<u8> {
    let mut answer = vec![0];
    answer.extend(request.iter().rev());
    answer
}

/// One direction: everything that was sent honestly, what is on its way, and how much was accepted.
#[derive(Default)]
struct Direction {
    sent: Vec<Vec<u8>>,
    on_its_way: VecDeque<Vec<u8>>,
    held_back: Option<Vec<u8>>,
    accepted: usize,
}

struct Table {
    laptop: LaptopSession,
    phone: PhoneSession,
    to_phone: Direction,
    to_laptop: Direction,
    laptop_closed: bool,
    phone_closed: bool,
    asked: usize,
    received: Vec<Vec<u8>>,
    replies: Vec<Vec<u8>>,
    /// All messages of an untouched session, for [`Tamper::Foreign`].
    foreign: [Vec<Vec<u8>>; 2],
    plan: VecDeque<Tamper>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum To {
    Phone,
    Laptop,
}

impl Table {
    fn new(flow: Flow, plan: Vec<Tamper>, foreign: [Vec<Vec<u8>>; 2]) -> Self {
        let (laptop, first) = world::laptop(flow);
        let mut table = Self {
            laptop,
            phone: world::phone(flow),
            to_phone: Direction::default(),
            to_laptop: Direction::default(),
            laptop_closed: false,
            phone_closed: false,
            asked: 0,
            received: Vec::new(),
            replies: Vec::new(),
            foreign,
            plan: plan.into(),
        };
        table.send(To::Phone, first);
        table
    }

    /// Puts a message on its way, with whatever the plan says for it.
    fn send(&mut self, to: To, message: Vec<u8>) {
        let (direction, opposite, foreign) = match to {
            To::Phone => (&mut self.to_phone, &self.to_laptop, &self.foreign[0]),
            To::Laptop => (&mut self.to_laptop, &self.to_phone, &self.foreign[1]),
        };
        let place = direction.sent.len();
        let way = &mut direction.on_its_way;
        direction.sent.push(message.clone());
        let held_back = direction.held_back.take();
        match self.plan.pop_front().unwrap_or(Tamper::Pass) {
            Tamper::Pass => way.push_back(message),
            Tamper::Drop => {}
            Tamper::Double => way.extend([message.clone(), message]),
            Tamper::Swap => direction.held_back = Some(message),
            Tamper::Flip(at, bit) => {
                let mut message = message;
                let at = at % message.len();
                message[at] ^= 1 << bit;
                way.push_back(message);
            }
            Tamper::Cut(len) => way.push_back(message[..len % message.len()].to_vec()),
            Tamper::Inject(junk) => way.extend([junk, message]),
            Tamper::Reflect(at) => {
                if !opposite.sent.is_empty() {
                    way.push_back(opposite.sent[at % opposite.sent.len()].clone());
                }
                way.push_back(message);
            }
            Tamper::Replay(at) => {
                way.push_back(direction.sent[at % (place + 1)].clone());
                way.push_back(message);
            }
            Tamper::Foreign if to == To::Phone && place == 0 => way.push_back(message),
            Tamper::Foreign => way.extend(foreign.get(place).cloned()),
        }
        way.extend(held_back);
    }

    /// Delivers until nothing is on its way. Everything that must hold is asserted on the way.
    fn run(&mut self) {
        loop {
            if let Some(message) = self.to_phone.on_its_way.pop_front() {
                self.phone_receives(&message);
            } else if let Some(message) = self.to_laptop.on_its_way.pop_front() {
                self.laptop_receives(&message);
            } else {
                return;
            }
        }
    }

    fn phone_receives(&mut self, message: &[u8]) {
        let is_next = self
            .to_phone
            .sent
            .get(self.to_phone.accepted)
            .is_some_and(|next| next == message);
        let step = match self.phone.receive(message) {
            Ok(step) => step,
            Err(error) => {
                assert!(
                    !is_next || self.phone_closed,
                    "an honest message was refused: {error:?}"
                );
                assert_eq!(
                    error == SessionError::Closed,
                    self.phone_closed,
                    "{error:?}"
                );
                self.phone_closed = true;
                return;
            }
        };
        assert!(
            is_next && !self.phone_closed,
            "a message out of place was accepted"
        );
        self.to_phone.accepted += 1;
        for message in step.send {
            self.send(To::Laptop, message);
        }
        match step.event {
            Some(PhoneEvent::Request(request)) => {
                let response = self.phone.respond(&answer_to(&request)).unwrap();
                self.received.push(request);
                self.send(To::Laptop, response);
            }
            Some(PhoneEvent::Ready | PhoneEvent::Shutdown) => {}
            other => panic!("{other:?}"),
        }
    }

    fn laptop_receives(&mut self, message: &[u8]) {
        let is_next = self
            .to_laptop
            .sent
            .get(self.to_laptop.accepted)
            .is_some_and(|next| next == message);
        let step = match self.laptop.receive(message) {
            Ok(step) => step,
            Err(error) => {
                assert!(
                    !is_next || self.laptop_closed,
                    "an honest message was refused: {error:?}"
                );
                assert_eq!(
                    error == SessionError::Closed,
                    self.laptop_closed,
                    "{error:?}"
                );
                self.laptop_closed = true;
                return;
            }
        };
        assert!(
            is_next && !self.laptop_closed,
            "a message out of place was accepted"
        );
        self.to_laptop.accepted += 1;
        match step.event {
            Some(LaptopEvent::Reply(reply)) => {
                self.replies.push(reply);
                self.ask();
            }
            Some(LaptopEvent::Ready(_)) => self.ask(),
            None => {}
            other => panic!("{other:?}"),
        }
    }

    fn ask(&mut self) {
        let message = match REQUESTS.get(self.asked) {
            Some(request) => self.laptop.request(request),
            None => self.laptop.shutdown(),
        };
        self.asked += 1;
        self.send(To::Phone, message.unwrap());
    }

    fn assert_no_wrong_answer(&self) {
        let expected = REQUESTS.iter().map(|request| request.to_vec());
        let expected: Vec<_> = expected.take(self.received.len()).collect();
        assert_eq!(self.received, expected);
        let expected = REQUESTS.iter().map(|request| answer_to(request));
        let expected: Vec<_> = expected.take(self.replies.len()).collect();
        assert_eq!(self.replies, expected);
    }
}

/// An untouched conversation, with everything that was sent: to the phone, to the laptop.
fn honest(flow: Flow) -> [Vec<Vec<u8>>; 2] {
    let mut table = Table::new(flow, Vec::new(), Default::default());
    table.run();
    assert_eq!(table.replies.len(), REQUESTS.len());
    assert!(!table.laptop_closed && !table.phone_closed);
    [table.to_phone.sent, table.to_laptop.sent]
}

proptest! {
    #![proptest_config(world::cases(64))]

    #[test]
    fn nothing_that_happens_on_the_way_gives_a_wrong_answer(
        flow in select(&FLOWS[..]),
        plan in vec(tamper(), 1..14),
    ) {
        let mut table = Table::new(flow, plan, honest(flow));
        table.run();
        table.assert_no_wrong_answer();
    }
}

/// Each single tampering with each single message: whoever notices first has a typed error, or waits
/// for a message that never comes.
#[test]
fn one_touched_message_is_enough() {
    for flow in FLOWS {
        let untouched = honest(flow);
        let total = untouched[0].len() + untouched[1].len();
        for place in 0..total {
            for tamper in [
                Tamper::Drop,
                Tamper::Double,
                Tamper::Swap,
                Tamper::Flip(40, 3),
                Tamper::Cut(40),
                Tamper::Inject(vec![7; 48]),
                Tamper::Foreign,
            ] {
                if place == 0 && matches!(tamper, Tamper::Foreign) {
                    continue;
                }
                let mut plan = vec![Tamper::Pass; place];
                plan.push(tamper.clone());
                let mut table = Table::new(flow, plan, untouched.clone());
                table.run();
                table.assert_no_wrong_answer();
                let [to_phone, to_laptop] = &untouched;
                let all_accepted = table.to_phone.accepted == to_phone.len()
                    && table.to_laptop.accepted == to_laptop.len();
                let somebody_closed = table.phone_closed || table.laptop_closed;
                assert!(
                    somebody_closed || !all_accepted,
                    "{flow:?} {place} {tamper:?}"
                );
                if !matches!(tamper, Tamper::Drop | Tamper::Swap) {
                    assert!(somebody_closed, "{flow:?} {place} {tamper:?}");
                }
            }
        }
    }
}

/// A laptop's first message binds nobody else yet, so a phone answers an old one of the same code or
/// link (Noise §7.7: it can be replayed). The answer is of no use to the laptop of now.
#[test]
fn a_first_message_of_another_session_leads_nowhere() {
    for flow in FLOWS {
        let (mut laptop, _) = world::laptop(flow);
        let (_, old) = world::laptop(flow);
        let said = world::phone(flow).receive(&old).unwrap().send;
        let refused = laptop.receive(&said[0]);
        assert!(matches!(refused, Err(SessionError::Handshake(_))));
    }
}

/// A phone that another laptop with the same code has reached first does not talk to the second.
#[test]
fn a_second_laptop_is_refused() {
    let mut phone = world::phone(Flow::Qr);
    let (_, first) = world::laptop(Flow::Qr);
    let (_, second) = world::laptop(Flow::Qr);
    assert!(phone.receive(&first).is_ok());
    assert!(matches!(phone.receive(&second), Err(SessionError::Open(_))));
}
