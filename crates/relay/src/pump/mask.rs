//! Masking (RFC 6455 §5.3), the only work that the relay does on a payload.

use std::ops::Range;
use std::sync::LazyLock;

use fearless_simd::{Level, Simd, dispatch};

/// Bytes at a time: few enough for the compiler to keep them in vector registers.
const BLOCK: usize = 64;

/// The widest vectors that this machine has.
static LEVEL: LazyLock<Level> = LazyLock::new(Level::new);

/// Applies or removes a mask.
pub(super) fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let end = payload.len();
    move_unmasked(payload, 0..end, 0, mask);
}

/// Unmasks a range of `buffer` and moves it forward to `to`, in one pass. `to` is not behind the
/// range's start, and what is between them is overwritten.
pub(super) fn move_unmasked(buffer: &mut [u8], range: Range<usize>, to: usize, mask: [u8; 4]) {
    let Some(shift) = range.start.checked_sub(to) else {
        return;
    };
    let window = buffer.get_mut(to..range.end).unwrap_or_default();
    dispatch!(*LEVEL, simd => move_in_blocks(simd, window, shift, mask));
}

/// Unmasks everything behind the first `shift` bytes and moves it to the front.
#[inline(always)]
#[expect(clippy::inline_always, reason = "compiled once for each vector width")]
fn move_in_blocks<S: Simd>(_: S, window: &mut [u8], shift: usize, mask: [u8; 4]) {
    let Some(len) = window.len().checked_sub(shift) else {
        return;
    };
    let keys = [mask; BLOCK / 4];
    let keys = keys.as_flattened();
    let mut at = 0;
    while let Some(block) = window.get(at + shift..).and_then(<[u8]>::first_chunk) {
        let mut block: [u8; BLOCK] = *block;
        for (byte, key) in block.iter_mut().zip(keys) {
            *byte ^= key;
        }
        if let Some(place) = window.get_mut(at..at + BLOCK) {
            place.copy_from_slice(&block);
        }
        at += BLOCK;
    }
    window.copy_within(at + shift.., at);
    for (byte, key) in window.iter_mut().take(len).skip(at).zip(keys) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_like_the_rfc() {
        // RFC 6455 §5.7: a masked "Hello".
        let mut payload = [0x7f, 0x9f, 0x4d, 0x51, 0x58];
        unmask(&mut payload, [0x37, 0xfa, 0x21, 0x3d]);
        assert_eq!(&payload, b"Hello");
    }

    #[test]
    fn moves_every_length_by_every_shift() {
        for len in (0..200).chain([4096, 5000]) {
            let plain: Vec<u8> = (0..=255).cycle().take(len).collect();
            for shift in [0, 1, 4, 63, 64, 65, 1000] {
                let before = [vec![0xAA; 3 + shift], plain.clone(), vec![0xBB; 70]].concat();
                let mut buffer = before.clone();
                let start = 3 + shift;
                move_unmasked(&mut buffer, start..start + len, 3, [1, 2, 3, 4]);
                assert_eq!(buffer[..3], [0xAA; 3]);
                for (at, byte) in buffer[3..3 + len].iter().enumerate() {
                    assert_eq!(
                        *byte,
                        plain[at] ^ [1, 2, 3, 4][at % 4],
                        "{len} {shift} {at}"
                    );
                }
                assert_eq!(
                    buffer[start + len..],
                    [0xBB; 70],
                    "nothing behind the range"
                );
            }
        }
    }
}
