//! The update message (CTAP 2.2 §11.5): a CBOR map in which a phone may offer to link.
//!
//! After a QR code's handshake our phones always send one, and it always has [`RECORD_LEN`] bytes
//! once it is sealed, so that the tunnel service cannot tell who links. Browsers' phones do the same.

use zeroize::Zeroizing;

use crate::cbor::{self, CborError, Value};

/// Length of the padded plaintext of every update that [`encode`] writes, in bytes.
pub const PLAINTEXT_LEN: usize = 512;

/// Length of the sealed record: [`PLAINTEXT_LEN`] and a 16-byte tag.
pub const RECORD_LEN: usize = PLAINTEXT_LEN + 16;

/// Longest linking information in bytes, encoded. A contact id of about 300 bytes fits.
pub const MAX_LINKING_LEN: usize = EMPTY_PADDING_LEN - 2;

/// The padding of an update that says nothing: what browsers' phones put there. The type byte, the
/// head of the map, the key and the head of the padding make 498 bytes of it, which the record layer
/// pads to 512; so do the 495 to 497 bytes of an update with linking information.
const EMPTY_PADDING_LEN: usize = 492;

const PADDING: u64 = 0;
const LINKING: u64 = 1;

/// Why bytes are not an update, or cannot become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateError {
    /// The payload is not a canonical CBOR map.
    #[error("update is not canonical CBOR")]
    Cbor(#[source] CborError),
    /// The linking information is not a map.
    #[error("linking information is not a map")]
    LinkingType,
    /// The linking information is longer than [`MAX_LINKING_LEN`]: use a shorter contact id or name.
    #[error("linking information of {len} bytes is longer than {MAX_LINKING_LEN}")]
    LinkingTooLong {
        /// Bytes in the encoded linking information.
        len: usize,
    },
}

/// Writes the payload of an update of the constant length, with linking information or without.
///
/// # Errors
/// [`UpdateError::LinkingTooLong`].
pub fn encode(linking: Option<&[u8]>) -> Result<Zeroizing<Vec<u8>>, UpdateError> {
    let padding_len = match linking {
        None => EMPTY_PADDING_LEN,
        Some(linking) => {
            let len = linking.len();
            MAX_LINKING_LEN
                .checked_sub(len)
                .ok_or(UpdateError::LinkingTooLong { len })?
        }
    };
    let padding = vec![0; padding_len];
    let entries = [
        Some((PADDING, Value::Bytes(&padding))),
        linking.map(|linking| (LINKING, Value::Other(linking))),
    ];
    let entries: Vec<_> = entries.into_iter().flatten().collect();
    Ok(Zeroizing::new(cbor::write_map(&entries)))
}

/// Reads the payload of an update and gives its linking information, still encoded. Unknown keys
/// are ignored.
///
/// # Errors
/// [`UpdateError::Cbor`] and [`UpdateError::LinkingType`].
pub fn decode(payload: &[u8]) -> Result<Option<&[u8]>, UpdateError> {
    let entries = cbor::read_map(payload).map_err(UpdateError::Cbor)?;
    entries
        .into_iter()
        .find(|(key, _)| *key == LINKING)
        .map(|(_, value)| encoded_map(value).ok_or(UpdateError::LinkingType))
        .transpose()
}

/// The encoding, if the value is a map.
pub(crate) fn encoded_map(value: Value<'_>) -> Option<&[u8]> {
    match value {
        Value::Other(encoded @ [head, ..]) if head >> 5 == 5 => Some(encoded),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Frame, FrameKind};
    use crate::record::{Sealer, TrafficKey};

    /// A map of exactly this many bytes.
    fn linking(len: usize) -> Vec<u8> {
        let head = match len {
            0..=27 => 3,
            28..=259 => 4,
            _ => 5,
        };
        let map = cbor::write_map(&[(1, Value::Bytes(&vec![7; len - head]))]);
        assert_eq!(map.len(), len);
        map
    }

    fn record_len(payload: &[u8]) -> usize {
        Sealer::new(&TrafficKey::from_bytes([1; 32]))
            .seal(&Frame::encode(FrameKind::Update, payload))
            .unwrap()
            .len()
    }

    #[test]
    fn an_empty_update_is_that_of_browsers_phones() {
        let payload = encode(None).unwrap();
        let frame = Frame::encode(FrameKind::Update, &payload);
        assert_eq!(frame.len(), 498);
        assert_eq!(frame[..6], [0x02, 0xA1, 0x00, 0x59, 0x01, 0xEC]);
        assert!(frame[6..].iter().all(|byte| *byte == 0));
        assert_eq!(decode(&payload), Ok(None));
    }

    #[test]
    fn every_update_has_the_same_length() {
        assert_eq!(record_len(&encode(None).unwrap()), RECORD_LEN);
        for len in (4..=26).chain(30..=258).chain(300..=MAX_LINKING_LEN) {
            let linking = linking(len);
            let payload = encode(Some(&linking)).unwrap();
            assert_eq!(record_len(&payload), RECORD_LEN, "{len}");
            assert_eq!(decode(&payload), Ok(Some(&linking[..])));
        }
    }

    #[test]
    fn linking_information_has_a_limit() {
        let len = MAX_LINKING_LEN + 1;
        assert_eq!(
            encode(Some(&linking(len))).err(),
            Some(UpdateError::LinkingTooLong { len })
        );
    }

    #[test]
    fn unknown_keys_are_ignored_and_the_linking_key_must_hold_a_map() {
        // {999: true}, {1: {}, 999: true}
        assert_eq!(decode(&[0xA1, 0x19, 0x03, 0xE7, 0xF5]), Ok(None));
        assert_eq!(
            decode(&[0xA2, 0x01, 0xA0, 0x19, 0x03, 0xE7, 0xF5]),
            Ok(Some(&[0xA0][..]))
        );
        // {1: h''}, {1: []}, {1: null}
        for value in [0x40, 0x80, 0xF6] {
            assert_eq!(decode(&[0xA1, 0x01, value]), Err(UpdateError::LinkingType));
        }
        for payload in [&[][..], &[0x80], &[0xA1], &[0xA0, 0x00]] {
            assert!(matches!(decode(payload), Err(UpdateError::Cbor(_))));
        }
    }
}
