//! Padding of every encrypted message (CTAP 2.2 §11.5): zeros, then one byte that counts them.
//!
//! It hides exact lengths from the tunnel service. It is no integrity check: what is un-padded has
//! already been authenticated, and peers in the field produce lengths that are no multiple of
//! [`UNIT`], so [`unpad`] reads the count and nothing else.

/// Padded messages have a multiple of this many bytes.
pub const UNIT: usize = 32;

/// The count of padding bytes does not fit the message, or there is no count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("padding is longer than the message")]
pub struct PaddingError;

/// How many bytes a message of `len` bytes has once it is padded: the next multiple of [`UNIT`] that
/// is strictly greater, since the count always takes a byte.
#[must_use]
pub const fn padded_len(len: usize) -> usize {
    (len / UNIT).saturating_add(1).saturating_mul(UNIT)
}

/// Appends the padding.
pub fn pad(message: &mut Vec<u8>) {
    let len = padded_len(message.len());
    let zeros = len.saturating_sub(message.len()).saturating_sub(1);
    message.resize(len.saturating_sub(1), 0);
    message.push(u8::try_from(zeros).unwrap_or(u8::MAX));
}

/// Removes the padding, whatever its bytes are.
///
/// # Errors
/// [`PaddingError`] when the last byte counts more bytes than stand before it, or when there is no
/// last byte; `padded` stays as it was.
pub fn unpad(padded: &mut Vec<u8>) -> Result<(), PaddingError> {
    let (zeros, rest) = padded.split_last().ok_or(PaddingError)?;
    let len = rest
        .len()
        .checked_sub(usize::from(*zeros))
        .ok_or(PaddingError)?;
    padded.truncate(len);
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn zeros_and_their_count_fill_the_unit() {
        for (len, padded, count) in [
            (0, 32, 31),
            (1, 32, 30),
            (31, 32, 0),
            (32, 64, 31),
            (33, 64, 30),
            (63, 64, 0),
            (64, 96, 31),
        ] {
            let mut message = vec![0xAA; len];
            pad(&mut message);
            assert_eq!(message.len(), padded);
            assert_eq!(padded_len(len), padded);
            assert_eq!(message.last(), Some(&count));
            assert!(message[len..padded - 1].iter().all(|byte| *byte == 0));
        }
    }

    /// What is removed, for every count at which an off-by-one would show.
    #[test]
    fn the_count_is_believed_if_it_fits() {
        for len in [1_usize, 31, 32, 33, 63, 64, 65, 255, 256, 257, 512] {
            for count in [0, 1, 30, 31, 32, len - 1, len, len + 1, 255] {
                let Ok(last) = u8::try_from(count) else {
                    continue;
                };
                let mut padded: Vec<u8> = vec![0xAA; len];
                padded[len - 1] = last;
                let before = padded.clone();
                if count < len {
                    assert_eq!(unpad(&mut padded), Ok(()));
                    assert_eq!(padded, vec![0xAA; len - 1 - count], "{len} {count}");
                } else {
                    assert_eq!(unpad(&mut padded), Err(PaddingError), "{len} {count}");
                    assert_eq!(padded, before);
                }
            }
        }
    }

    #[test]
    fn an_empty_message_has_no_count() {
        assert_eq!(unpad(&mut Vec::new()), Err(PaddingError));
    }

    /// A peer pads its payload and puts the type byte in front: 33 bytes.
    #[test]
    fn lengths_that_are_no_multiple_are_accepted() {
        let mut padded = vec![0; 33];
        padded[0] = 1;
        padded[1] = 4;
        padded[32] = 30;
        assert_eq!(unpad(&mut padded), Ok(()));
        assert_eq!(padded, [1, 4]);
    }

    proptest! {
        #[test]
        fn padding_is_undone(message in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut padded = message.clone();
            pad(&mut padded);
            prop_assert_eq!(padded.len() % UNIT, 0);
            prop_assert!(padded.len() > message.len());
            prop_assert!(padded.len() <= message.len() + UNIT);
            unpad(&mut padded).unwrap();
            prop_assert_eq!(padded, message);
        }
    }
}
