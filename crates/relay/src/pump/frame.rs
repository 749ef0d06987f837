//! WebSocket frames (RFC 6455 §5): the checks on a head, and the frames that the relay itself sends.

use std::io::Cursor;

use hawser_wire::CloseReason;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

/// The longest head that the relay writes: a server does not mask (RFC 6455 §5.1).
pub(super) const SENT_HEAD_MAX: usize = 10;

/// A ping without a payload.
pub(super) const PING: [u8; 2] = [0x89, 0];

/// The longest payload of a control frame (RFC 6455 §5.5).
const CONTROL_MAX: u64 = 125;

/// A head that passed every check that needs no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) kind: Kind,
    pub(super) is_final: bool,
    pub(super) mask: [u8; 4],
    /// Bytes of the head itself.
    pub(super) len: usize,
    /// Bytes of the payload behind it.
    pub(super) payload_len: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Binary,
    Continuation,
    Ping,
    Pong,
    Close,
}

impl Kind {
    pub(super) fn is_control(self) -> bool {
        matches!(self, Self::Ping | Self::Pong | Self::Close)
    }
}

/// Reads a head from the start of `bytes`; `None` when it is not all there yet.
pub(super) fn parse_head(bytes: &[u8]) -> Result<Option<Head>, CloseReason> {
    const BROKEN: CloseReason = CloseReason::WebSocketViolation;

    let mut cursor = Cursor::new(bytes);
    let Some((header, payload_len)) = FrameHeader::parse(&mut cursor).map_err(|_| BROKEN)? else {
        return Ok(None);
    };
    let head_len = usize::try_from(cursor.position()).map_err(|_| BROKEN)?;
    if header.rsv1 || header.rsv2 || header.rsv3 {
        return Err(BROKEN);
    }
    // The most significant bit of a length is zero, and the shortest form is the only one (§5.2).
    if payload_len >> 63 != 0 || header.len(payload_len) != head_len {
        return Err(BROKEN);
    }
    let kind = match header.opcode {
        OpCode::Data(Data::Binary) => Kind::Binary,
        OpCode::Data(Data::Continue) => Kind::Continuation,
        OpCode::Data(Data::Text) => return Err(CloseReason::TextMessage),
        OpCode::Control(Control::Ping) => Kind::Ping,
        OpCode::Control(Control::Pong) => Kind::Pong,
        OpCode::Control(Control::Close) => Kind::Close,
        OpCode::Data(Data::Reserved(_)) | OpCode::Control(Control::Reserved(_)) => {
            return Err(BROKEN);
        }
    };
    if kind.is_control() && (!header.is_final || payload_len > CONTROL_MAX) {
        return Err(BROKEN);
    }
    Ok(Some(Head {
        kind,
        is_final: header.is_final,
        mask: header.mask.ok_or(BROKEN)?,
        len: head_len,
        payload_len,
    }))
}

/// The head that a server puts before this frame's payload, and its length.
pub(super) fn sent_head(
    kind: Kind,
    is_final: bool,
    payload_len: u64,
) -> ([u8; SENT_HEAD_MAX], usize) {
    let opcode = match kind {
        Kind::Binary => OpCode::Data(Data::Binary),
        Kind::Continuation => OpCode::Data(Data::Continue),
        Kind::Ping => OpCode::Control(Control::Ping),
        Kind::Pong => OpCode::Control(Control::Pong),
        Kind::Close => OpCode::Control(Control::Close),
    };
    let header = FrameHeader {
        is_final,
        opcode,
        ..FrameHeader::default()
    };
    let mut bytes = [0; SENT_HEAD_MAX];
    // Ten bytes hold every head without a mask, so this cannot fail.
    let _ = header.format(payload_len, &mut bytes.as_mut_slice());
    (bytes, header.len(payload_len))
}

/// A whole control frame. Payloads beyond 125 bytes are cut.
pub(super) fn control_frame(kind: Kind, payload: &[u8]) -> Vec<u8> {
    let payload = payload.get(..125).unwrap_or(payload);
    let (head, head_len) = sent_head(kind, true, as_u64(payload.len()));
    let mut frame = Vec::with_capacity(head_len + payload.len());
    frame.extend(head.iter().take(head_len));
    frame.extend_from_slice(payload);
    frame
}

/// The close frame that tells a peer why its tunnel ends.
pub(super) fn close_frame(reason: CloseReason) -> Vec<u8> {
    let payload = [
        reason.code().to_be_bytes().as_slice(),
        reason.text().as_bytes(),
    ]
    .concat();
    control_frame(Kind::Close, &payload)
}

/// The answer to a peer's close frame: its own code, or none if it gave none (§5.5.1).
pub(super) fn close_answer(code: Option<u16>) -> Vec<u8> {
    let code = code.map(u16::to_be_bytes);
    control_frame(Kind::Close, code.as_ref().map_or(&[], <[u8; 2]>::as_slice))
}

/// The code in the payload of a close frame (§7.4), if there is one.
pub(super) fn close_code(payload: &[u8]) -> Result<Option<u16>, CloseReason> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() {
            Ok(None)
        } else {
            Err(CloseReason::WebSocketViolation)
        };
    };
    let code = u16::from_be_bytes(*code);
    if !CloseCode::from(code).is_allowed() || std::str::from_utf8(reason).is_err() {
        return Err(CloseReason::WebSocketViolation);
    }
    Ok(Some(code))
}

/// Lengths fit 64 bits on every machine that Rust's standard library runs on.
pub(super) fn as_u64(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_malformed_heads() {
        use CloseReason::{TextMessage, WebSocketViolation};
        let cases: [(&[u8], CloseReason); 12] = [
            (&[0x82, 0x01, 0x00], WebSocketViolation), // not masked
            (&[0xC2, 0x81, 0, 0, 0, 0], WebSocketViolation), // reserved bits
            (&[0xA2, 0x81, 0, 0, 0, 0], WebSocketViolation),
            (&[0x92, 0x81, 0, 0, 0, 0], WebSocketViolation),
            (&[0x83, 0x80, 0, 0, 0, 0], WebSocketViolation), // reserved opcodes
            (&[0x8B, 0x80, 0, 0, 0, 0], WebSocketViolation),
            (&[0x81, 0x80, 0, 0, 0, 0], TextMessage),
            (&[0x09, 0x80, 0, 0, 0, 0], WebSocketViolation), // fragmented ping
            (&[0x89, 0xFE, 0, 126, 0, 0, 0, 0], WebSocketViolation), // long ping
            (&[0x82, 0xFE, 0, 125, 0, 0, 0, 0], WebSocketViolation), // 125 in 16 bits
            (
                &[0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0],
                WebSocketViolation, // 65535 in 64 bits
            ),
            (
                &[0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
                WebSocketViolation, // 2^63
            ),
        ];
        for (bytes, reason) in cases {
            assert_eq!(parse_head(bytes), Err(reason), "{bytes:02x?}");
        }
    }

    #[test]
    fn asks_for_more_until_the_head_is_whole() {
        let whole = [0x82, 0xFF, 0, 0, 0, 0, 0, 1, 0, 0, 9, 8, 7, 6];
        for len in 0..whole.len() {
            assert_eq!(parse_head(&whole[..len]), Ok(None), "{len} bytes");
        }
        let head = parse_head(&whole).unwrap().unwrap();
        assert_eq!((head.len, head.payload_len), (14, 65536));
        assert_eq!(head.mask, [9, 8, 7, 6]);
    }

    #[test]
    fn close_codes() {
        assert_eq!(close_code(&[]), Ok(None));
        assert_eq!(close_code(&[3, 232, b'o', b'k']), Ok(Some(1000)));
        assert_eq!(close_code(&4000_u16.to_be_bytes()), Ok(Some(4000)));
        for bad in [
            &[3_u8][..],
            &[3, 237],
            &[3, 238],
            &[0, 0],
            &[3, 232, 0xFF],
            &[0xFF, 0xFF],
        ] {
            assert_eq!(
                close_code(bad),
                Err(CloseReason::WebSocketViolation),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn every_reason_fits_a_control_frame() {
        for reason in CloseReason::ALL {
            let frame = close_frame(reason);
            assert_eq!(usize::from(frame[1]) + 2, frame.len(), "{reason:?}");
            assert_eq!(close_code(&frame[2..]), Ok(Some(reason.code())));
        }
    }
}
