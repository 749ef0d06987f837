//! WebSocket frames as a client writes and reads them (RFC 6455 §5).

use std::io::Cursor;

use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use crate::number::whole_len;

/// The frame of a message.
pub(crate) const BINARY: OpCode = OpCode::Data(Data::Binary);
/// The answer to a ping.
pub(crate) const PONG: OpCode = OpCode::Control(Control::Pong);
/// The goodbye.
pub(crate) const CLOSE: OpCode = OpCode::Control(Control::Close);

/// Appends a whole, masked frame whose payload is written by `fill`, which must write `len` bytes.
pub(crate) fn write(
    opcode: OpCode,
    len: usize,
    mask: [u8; 4],
    out: &mut Vec<u8>,
    fill: impl FnOnce(&mut Vec<u8>),
) {
    let header = FrameHeader {
        is_final: true,
        opcode,
        mask: Some(mask),
        ..FrameHeader::default()
    };
    // A vector takes everything, so this cannot fail.
    let _ = header.format(whole_len(len), out);
    let start = out.len();
    fill(out);
    debug_assert_eq!(out.len() - start, len);
    apply_mask(out.get_mut(start..).unwrap_or_default(), mask);
}

/// A frame's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) opcode: OpCode,
    pub(crate) is_final: bool,
    /// Bytes of the head.
    pub(crate) len: usize,
    /// Bytes behind it.
    pub(crate) payload_len: usize,
}

/// A frame that breaks RFC 6455, or is longer than any message here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadFrame;

/// Reads a server's frame head; `None` while it is incomplete.
pub(crate) fn parse(bytes: &[u8], longest: usize) -> Result<Option<Head>, BadFrame> {
    let mut cursor = Cursor::new(bytes);
    let Some((header, payload_len)) = FrameHeader::parse(&mut cursor).map_err(|_| BadFrame)? else {
        return Ok(None);
    };
    let payload_len = usize::try_from(payload_len).map_err(|_| BadFrame)?;
    let is_control = matches!(header.opcode, OpCode::Control(_));
    let is_reserved = matches!(
        header.opcode,
        OpCode::Data(Data::Reserved(_)) | OpCode::Control(Control::Reserved(_))
    );
    if header.rsv1
        || header.rsv2
        || header.rsv3
        || header.mask.is_some()
        || is_reserved
        || payload_len > longest
        || (is_control && (!header.is_final || payload_len > 125))
    {
        return Err(BadFrame);
    }
    Ok(Some(Head {
        opcode: header.opcode,
        is_final: header.is_final,
        len: usize::try_from(cursor.position()).map_err(|_| BadFrame)?,
        payload_len,
    }))
}

/// The code of a close frame's payload.
pub(crate) fn close_code(payload: &[u8]) -> Option<u16> {
    payload.first_chunk().copied().map(u16::from_be_bytes)
}

/// Applies or removes a mask (§5.3), eight bytes at a time.
fn apply_mask(bytes: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (blocks, rest) = bytes.as_chunks_mut::<8>();
    for block in blocks {
        *block = (u64::from_ne_bytes(*block) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masked_frames_are_those_of_the_rfc() {
        // RFC 6455 §5.7: a masked "Hello".
        let mut out = Vec::new();
        let mask = [0x37, 0xfa, 0x21, 0x3d];
        let hello = |out: &mut Vec<u8>| out.extend_from_slice(b"Hello");
        write(OpCode::Data(Data::Text), 5, mask, &mut out, hello);
        let expected = [
            0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
        ];
        assert_eq!(out, expected);
    }

    #[test]
    fn a_mask_undoes_itself_at_any_length() {
        for len in 0..40_u8 {
            let plain: Vec<u8> = (0..len).collect();
            let mut bytes = plain.clone();
            apply_mask(&mut bytes, [1, 2, 3, 4]);
            let by_hand: Vec<u8> = plain
                .iter()
                .zip([1, 2, 3, 4].iter().cycle())
                .map(|(b, m)| b ^ m)
                .collect();
            assert_eq!(bytes, by_hand);
        }
    }

    #[test]
    fn heads_are_read_whole_or_not_at_all() {
        let medium = [0x82, 126, 1, 0];
        for len in 0..4 {
            assert_eq!(parse(&medium[..len], 1000), Ok(None));
        }
        let head = parse(&medium, 256).unwrap().unwrap();
        assert_eq!((head.len, head.payload_len), (4, 256));
        assert_eq!(parse(&medium, 255), Err(BadFrame), "longer than allowed");
    }

    #[test]
    fn what_a_server_must_not_send_is_refused() {
        let masked = [0x82, 0x80, 1, 2, 3, 4];
        let reserved_bit = [0xC2, 0];
        let reserved_opcode = [0x83, 0];
        let split_ping = [0x09, 0];
        let long_ping = [0x89, 126, 0, 126];
        for bytes in [
            &masked[..],
            &reserved_bit,
            &reserved_opcode,
            &split_ping,
            &long_ping,
        ] {
            assert_eq!(parse(bytes, 1000), Err(BadFrame), "{bytes:02x?}");
        }
    }
}
