//! What a service sends, as whole messages. Between messages it holds no buffer.

use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use crate::client::frame;
use crate::payload::MESSAGE_MAX;

/// The longest message that is taken: somewhat more than the longest sent, to see what grew.
const RECEIVE_MAX: usize = MESSAGE_MAX + 4096;

/// What came out of a socket.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event<'a> {
    Binary(&'a [u8]),
    Text,
    /// A ping, which is answered already. Alone it ends no read.
    Ping,
    /// A close frame. Nothing but [`Event::End`] follows.
    Close(Option<u16>),
    /// The service broke RFC 6455. Nothing follows.
    BadFrame,
    /// The stream ended.
    End,
    /// The stream broke.
    Broken,
}

/// What is to be done with a frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item<'a> {
    Event(Event<'a>),
    /// A ping, with what its answer must repeat.
    Ping(&'a [u8]),
}

/// The bytes of a stream on their way to messages.
#[derive(Debug)]
pub(super) struct Incoming {
    /// A frame that is not all there yet.
    partial: Vec<u8>,
    /// A message whose last fragment is not there yet, and whether it is a text.
    fragments: Option<(bool, Vec<u8>)>,
    /// A close frame has come, or nothing more can.
    is_over: bool,
}

impl Incoming {
    /// `early` is what came behind the answer to the upgrade: it may be whole frames already.
    pub(super) fn new(early: Vec<u8>) -> Self {
        Self {
            partial: early,
            fragments: None,
            is_over: false,
        }
    }

    /// Whether bytes wait for more.
    pub(super) fn has_partial(&self) -> bool {
        !self.partial.is_empty()
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// The stream has ended.
    pub(super) fn end(&mut self) {
        self.is_over = true;
    }

    /// Takes bytes that were read, hands over every whole frame, and returns how many events there
    /// were.
    pub(super) fn accept(&mut self, bytes: &[u8], each: &mut impl FnMut(Item<'_>)) -> usize {
        if self.partial.is_empty() {
            let (used, events) = self.consume(bytes, each);
            self.partial
                .extend_from_slice(bytes.get(used..).unwrap_or_default());
            return events;
        }
        let mut joined = std::mem::take(&mut self.partial);
        joined.extend_from_slice(bytes);
        let (used, events) = self.consume(&joined, each);
        if used < joined.len() {
            joined.drain(..used);
            self.partial = joined;
        }
        events
    }

    /// Returns the bytes used and the number of events.
    fn consume(&mut self, bytes: &[u8], each: &mut impl FnMut(Item<'_>)) -> (usize, usize) {
        let (mut used, mut events) = (0, 0);
        while !self.is_over {
            let rest = bytes.get(used..).unwrap_or_default();
            let Ok(head) = frame::parse(rest, RECEIVE_MAX) else {
                events += self.break_off(each);
                break;
            };
            let Some(head) = head else {
                return (used, events);
            };
            let Some(payload) = rest.get(head.len..head.len + head.payload_len) else {
                return (used, events);
            };
            used += head.len + head.payload_len;
            events += self.handle(head, payload, each);
        }
        // Whatever follows a close frame has no meaning (§5.5.1).
        (bytes.len(), events)
    }

    /// The service broke RFC 6455.
    fn break_off(&mut self, each: &mut impl FnMut(Item<'_>)) -> usize {
        self.is_over = true;
        each(Item::Event(Event::BadFrame));
        1
    }

    /// Returns how many events the frame was.
    fn handle(
        &mut self,
        head: frame::Head,
        payload: &[u8],
        each: &mut impl FnMut(Item<'_>),
    ) -> usize {
        match head.opcode {
            OpCode::Control(Control::Ping) => {
                each(Item::Ping(payload));
                0
            }
            OpCode::Control(Control::Close) => {
                self.is_over = true;
                each(Item::Event(Event::Close(frame::close_code(payload))));
                1
            }
            OpCode::Control(_) => 0,
            OpCode::Data(kind) => self.data(kind, head.is_final, payload, each),
        }
    }

    fn data(
        &mut self,
        kind: Data,
        is_final: bool,
        payload: &[u8],
        each: &mut impl FnMut(Item<'_>),
    ) -> usize {
        let is_continuation = kind == Data::Continue;
        if is_continuation != self.fragments.is_some() {
            return self.break_off(each);
        }
        let is_text = kind == Data::Text;
        if !is_continuation && is_final {
            each(whole(is_text, payload));
            return 1;
        }
        let (is_text, mut message) = self.fragments.take().unwrap_or((is_text, Vec::new()));
        if message.len() + payload.len() > RECEIVE_MAX {
            return self.break_off(each);
        }
        message.extend_from_slice(payload);
        if !is_final {
            self.fragments = Some((is_text, message));
            return 0;
        }
        each(whole(is_text, &message));
        1
    }
}

fn whole(is_text: bool, message: &[u8]) -> Item<'_> {
    Item::Event(if is_text {
        Event::Text
    } else {
        Event::Binary(message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes out when the bytes arrive in pieces of a size.
    fn told(bytes: &[u8], piece: usize) -> Vec<String> {
        let mut incoming = Incoming::new(Vec::new());
        let mut told = Vec::new();
        for piece in bytes.chunks(piece) {
            incoming.accept(piece, &mut |item| told.push(format!("{item:?}")));
        }
        assert!(!incoming.has_partial(), "nothing is held between messages");
        told
    }

    #[test]
    fn messages_come_out_whole_however_the_bytes_arrive() {
        // A message, one in two fragments with a ping between them, a text, a goodbye, and noise.
        let bytes = [
            &[0x82, 2, 1, 2][..],
            &[0x02, 1, 3, 0x89, 1, 9, 0x80, 1, 4],
            &[0x81, 1, b'x'],
            &[0x88, 2, 0x03, 0xe8],
            &[0xff; 7],
        ];
        let expected = [
            "Event(Binary([1, 2]))",
            "Ping([9])",
            "Event(Binary([3, 4]))",
            "Event(Text)",
            "Event(Close(Some(1000)))",
        ];
        for piece in [1, 2, 3, 100] {
            assert_eq!(told(&bytes.concat(), piece), expected, "pieces of {piece}");
        }
    }

    #[test]
    fn fragments_out_of_order_break_off() {
        let orphan = [0x80, 1, 1, 0x82, 1, 1];
        assert_eq!(told(&orphan, 100), ["Event(BadFrame)"]);
        let within = [0x02, 1, 1, 0x82, 1, 1];
        assert_eq!(told(&within, 100), ["Event(BadFrame)"]);
    }
}
