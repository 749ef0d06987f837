//! What can be read of a WebSocket connection without its keys: the request head and frame heads.

use std::io::Cursor;

use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// Reads along with one direction of a connection, in pieces of any size.
///
/// It holds a head that is not complete yet, at most [`MAX_HEAD`] bytes, and skips every payload.
pub(super) struct FrameReader {
    pending: Vec<u8>,
    state: State,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen {
    /// The first line of the HTTP head: `GET /cable/new/...`, `HTTP/1.1 101 ...`.
    Head(String),
    /// A message, or a part of one, with so many bytes.
    Message(u64),
    /// A ping or a pong.
    Control,
    /// A close frame.
    Close,
}

enum State {
    HttpHead,
    FrameHead,
    Payload(u64),
    /// It makes no sense; nothing more is read.
    Lost,
}

impl FrameReader {
    pub(super) fn new() -> Self {
        Self {
            pending: Vec::new(),
            state: State::HttpHead,
        }
    }

    /// Reads the next piece and returns what became complete with it.
    pub(super) fn read(&mut self, piece: &[u8]) -> Vec<Seen> {
        let mut seen = Vec::new();
        self.pending.extend_from_slice(piece);
        let mut at = 0;
        loop {
            let rest = self.pending.get(at..).unwrap_or_default();
            let (head, taken, next) = match self.state {
                State::Lost => break,
                State::Payload(left) => {
                    let skipped = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                    let left = left.saturating_sub(u64::try_from(skipped).unwrap_or(0));
                    let next = if left == 0 {
                        State::FrameHead
                    } else {
                        State::Payload(left)
                    };
                    (None, skipped, next)
                }
                State::HttpHead => match http_head(rest) {
                    Some((line, taken)) => (Some(Seen::Head(line)), taken, State::FrameHead),
                    None => break,
                },
                State::FrameHead => match frame_head(rest) {
                    Some(Ok((frame, taken, length))) => {
                        (Some(frame), taken, State::Payload(length))
                    }
                    Some(Err(Broken)) => (None, 0, State::Lost),
                    None => break,
                },
            };
            let waits = matches!(next, State::Payload(left) if left > 0) && taken == rest.len();
            seen.extend(head);
            at += taken;
            self.state = next;
            if waits {
                break;
            }
        }
        self.pending.drain(..at.min(self.pending.len()));
        if matches!(self.state, State::Lost) || self.pending.len() > MAX_HEAD {
            self.state = State::Lost;
            self.pending.clear();
        }
        seen
    }
}

/// The first line of a complete HTTP head, and the length of the head.
fn http_head(bytes: &[u8]) -> Option<(String, usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let line = bytes
        .split(|byte| *byte == b'\r')
        .next()
        .unwrap_or_default();
    Some((String::from_utf8_lossy(line).into_owned(), end + 4))
}

/// A complete frame head, its own length, and that of its payload.
fn frame_head(bytes: &[u8]) -> Option<Result<(Seen, usize, u64), Broken>> {
    let mut cursor = Cursor::new(bytes);
    let (header, length) = match FrameHeader::parse(&mut cursor) {
        Ok(header) => header?,
        Err(_) => return Some(Err(Broken)),
    };
    let seen = match header.opcode {
        OpCode::Data(Data::Binary | Data::Text | Data::Continue) => Seen::Message(length),
        OpCode::Control(Control::Close) => Seen::Close,
        OpCode::Control(Control::Ping | Control::Pong) => Seen::Control,
        _ => return Some(Err(Broken)),
    };
    let taken = usize::try_from(cursor.position()).ok()?;
    Some(Ok((seen, taken, length)))
}

/// Not a frame.
struct Broken;

/// Longest HTTP head that is waited for: twice what the relay accepts.
const MAX_HEAD: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] = b"GET /cable/new/00 HTTP/1.1\r\nhost: x\r\n\r\n";

    fn stream() -> (Vec<u8>, Vec<Seen>) {
        let mut bytes = HEAD.to_vec();
        // A masked binary frame of 300 bytes, an empty ping, a close frame of 2.
        bytes.extend([0x82, 0xfe, 0x01, 0x2c, 1, 2, 3, 4]);
        bytes.extend([7; 300]);
        bytes.extend([0x89, 0x00]);
        bytes.extend([0x88, 0x02, 0x03, 0xe8]);
        let seen = vec![
            Seen::Head("GET /cable/new/00 HTTP/1.1".into()),
            Seen::Message(300),
            Seen::Control,
            Seen::Close,
        ];
        (bytes, seen)
    }

    #[test]
    fn heads_are_read_whatever_the_pieces() {
        let (bytes, expected) = stream();
        for size in [1, 2, 3, 7, 64, bytes.len()] {
            let mut reader = FrameReader::new();
            let seen: Vec<_> = bytes.chunks(size).flat_map(|p| reader.read(p)).collect();
            assert_eq!(seen, expected, "pieces of {size}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_not_read_and_not_kept() {
        let mut reader = FrameReader::new();
        reader.read(HEAD);
        assert_eq!(reader.read(&[0x83, 0x00]), [], "opcode 3 is reserved");
        assert_eq!(reader.read(&[0x82, 0x01, 0x00]), []);
        assert!(reader.pending.is_empty());

        let mut reader = FrameReader::new();
        assert_eq!(reader.read(&vec![b'x'; MAX_HEAD + 1]), []);
        assert!(reader.pending.is_empty());
        assert_eq!(reader.read(b"\r\n\r\n"), []);
    }
}
