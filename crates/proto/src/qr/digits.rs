//! Bytes as decimal digits, so that a QR code can use its numeric mode (CTAP 2.2 §11.5.1).
//!
//! Seven bytes at a time are read as a little-endian number and written with 17 digits; the last
//! group may be shorter. Every byte string has exactly one form, so decoding is strict for free.
//!
//! Most apps want [`Invitation`](crate::Invitation); this module is public for tools and tests.

use std::fmt::Write as _;

use super::QrError;

/// Bytes in a whole group.
const GROUP_BYTES: usize = 7;
/// Digits in a whole group.
const GROUP_DIGITS: usize = 17;
/// Digits for a group of as many bytes as the index.
const DIGITS: [usize; GROUP_BYTES + 1] = [0, 3, 5, 8, 10, 13, 15, GROUP_DIGITS];

/// Writes the digits.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(bytes.len().div_ceil(GROUP_BYTES) * GROUP_DIGITS);
    for group in bytes.chunks(GROUP_BYTES) {
        let value = group
            .iter()
            .rev()
            .fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        let width = DIGITS.get(group.len()).copied().unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = write!(digits, "{value:0width$}");
    }
    digits
}

/// Reads the digits. Offsets in errors count characters of `digits`, to which `start` is added.
///
/// # Errors
/// [`QrError::Empty`], [`QrError::Digit`], [`QrError::Tail`] and [`QrError::Group`].
pub fn decode(digits: &str, start: usize) -> Result<Vec<u8>, QrError> {
    if digits.is_empty() {
        return Err(QrError::Empty);
    }
    if let Some((at, _)) = digits
        .chars()
        .enumerate()
        .find(|(_, character)| !character.is_ascii_digit())
    {
        return Err(QrError::Digit {
            offset: start.saturating_add(at),
        });
    }
    let mut bytes = Vec::with_capacity(digits.len() / GROUP_DIGITS * GROUP_BYTES + GROUP_BYTES);
    for (index, group) in digits.as_bytes().chunks(GROUP_DIGITS).enumerate() {
        let len = DIGITS
            .iter()
            .position(|digits| *digits == group.len())
            .ok_or(QrError::Tail {
                digits: group.len(),
            })?;
        // At most 17 digits, which fit 64 bits.
        let value = group.iter().fold(0_u64, |value, digit| {
            value * 10 + u64::from(digit.wrapping_sub(b'0'))
        });
        if value >> (8 * len) != 0 {
            return Err(QrError::Group {
                offset: start.saturating_add(index * GROUP_DIGITS),
            });
        }
        bytes.extend(value.to_le_bytes().into_iter().take(len));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn groups_have_their_width() {
        for (len, width) in DIGITS.into_iter().enumerate() {
            assert_eq!(encode(&vec![0; len]), "0".repeat(width));
            assert_eq!(encode(&vec![0xFF; len]).len(), width);
        }
        assert_eq!(encode(&[0xFF; 8]), "72057594037927935255");
    }

    #[test]
    fn what_no_byte_string_gives_is_refused() {
        assert_eq!(decode("", 6), Err(QrError::Empty));
        for tail in [1, 2, 4, 6, 7, 9, 11, 12, 14, 16] {
            let digits = "0".repeat(GROUP_DIGITS + tail);
            assert_eq!(decode(&digits, 6), Err(QrError::Tail { digits: tail }));
        }
        for value in ["256", "65536", "16777216", "4294967296", "1099511627776"] {
            assert_eq!(decode(value, 6), Err(QrError::Group { offset: 6 }));
        }
        let second = format!("{}256", "0".repeat(GROUP_DIGITS));
        assert_eq!(decode(&second, 6), Err(QrError::Group { offset: 23 }));
        assert_eq!(
            decode("72057594037927936", 6),
            Err(QrError::Group { offset: 6 })
        );
        for (text, offset) in [("12+", 8), (" 12", 6), ("１２３", 6), ("1\u{301}2", 7)] {
            assert_eq!(decode(text, 6), Err(QrError::Digit { offset }), "{text}");
        }
    }

    proptest! {
        #[test]
        fn encoding_is_undone(bytes in proptest::collection::vec(any::<u8>(), 1..200)) {
            prop_assert_eq!(decode(&encode(&bytes), 0), Ok(bytes));
        }

        #[test]
        fn decoding_is_undone(digits in "[0-9]{1,120}") {
            if let Ok(bytes) = decode(&digits, 0) {
                prop_assert_eq!(encode(&bytes), digits);
            }
        }
    }
}
