//! CBOR maps with integer keys, as CTAP2 writes them (CTAP 2.2 §8): the only CBOR in this protocol.
//!
//! `minicbor` does the encoding; this module adds what it does not check. Browsers refuse a map that
//! is not canonical, so a lenient reader here would accept what the rest of the world does not.

mod canonical;

use minicbor::data::Type;
use minicbor::{Decoder, Encoder};

/// Why bytes are not a canonical CBOR map. Offsets count bytes from the start of the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CborError {
    /// The bytes end inside an item, or are not CBOR.
    #[error("malformed CBOR at offset {offset}")]
    Malformed {
        /// Where the malformed item starts.
        offset: usize,
    },
    /// The first item is not a map.
    #[error("not a CBOR map")]
    NotAMap,
    /// An indefinite length, or a number that is longer than it need be.
    #[error("CBOR is not canonical at offset {offset}")]
    NotCanonical {
        /// Where the item starts.
        offset: usize,
    },
    /// A tag, a floating-point number, or a map key that is no number and no string.
    #[error("CBOR item at offset {offset} has a type that CTAP2 does not use")]
    Unsupported {
        /// Where the item starts.
        offset: usize,
    },
    /// A map has the same key twice.
    #[error("duplicate map key at offset {offset}")]
    DuplicateKey {
        /// Where the second one starts.
        offset: usize,
    },
    /// The keys of a map are not ascending.
    #[error("map key at offset {offset} is out of order")]
    KeyOrder {
        /// Where the first key that is out of order starts.
        offset: usize,
    },
    /// Arrays and maps are nested too deeply.
    #[error(
        "CBOR nested more than {} levels deep at offset {offset}",
        canonical::MAX_DEPTH
    )]
    TooDeep {
        /// Where the innermost accepted item starts.
        offset: usize,
    },
    /// There are more bytes behind the map.
    #[error("trailing bytes from offset {offset}")]
    Trailing {
        /// Where they start.
        offset: usize,
    },
}

/// The value of a map entry.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Uint(u64),
    Bytes(&'a [u8]),
    Text(&'a str),
    Bool(bool),
    /// The encoding of anything else: arrays, maps, null, negative numbers.
    Other(&'a [u8]),
}

/// Reads a map and gives its entries with unsigned keys in order; other keys are nobody's.
pub(crate) fn read_map(bytes: &[u8]) -> Result<Vec<(u64, Value<'_>)>, CborError> {
    canonical::check(bytes)?;
    let mut decoder = Decoder::new(bytes);
    let malformed = |decoder: &Decoder<'_>| CborError::Malformed {
        offset: decoder.position(),
    };
    let Ok(Some(len)) = decoder.map() else {
        return Err(CborError::NotAMap);
    };
    let mut entries = Vec::new();
    for _ in 0..len {
        let key = value(&mut decoder).ok_or_else(|| malformed(&decoder))?;
        let value = value(&mut decoder).ok_or_else(|| malformed(&decoder))?;
        if let Value::Uint(key) = key {
            entries.push((key, value));
        }
    }
    Ok(entries)
}

/// Reads an array of unsigned numbers, skipping what is none; `None` when it is no array.
pub(crate) fn read_uints(encoded: &[u8]) -> Option<Vec<u64>> {
    let mut decoder = Decoder::new(encoded);
    let len = decoder.array().ok()??;
    let mut numbers = Vec::new();
    for _ in 0..len {
        if let Value::Uint(number) = value(&mut decoder)? {
            numbers.push(number);
        }
    }
    Some(numbers)
}

/// Writes a map. The caller gives the keys in ascending order, because CTAP2 wants them so.
pub(crate) fn write_map(entries: &[(u64, Value<'_>)]) -> Vec<u8> {
    debug_assert!(entries.is_sorted_by(|(a, _), (b, _)| a < b));
    // Enough for every entry, so that no reallocation leaves a copy of a secret behind.
    let capacity = entries.iter().map(|(_, value)| value.max_len()).sum();
    let mut encoder = Encoder::new(Vec::with_capacity(capacity));
    let written = write_entries(&mut encoder, entries);
    debug_assert!(written.is_ok(), "a Vec accepts every write");
    encoder.into_writer()
}

/// Writes an array of unsigned numbers, for [`Value::Other`].
pub(crate) fn write_uints(numbers: &[u64]) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    let written = encoder.encode(numbers);
    debug_assert!(written.is_ok(), "a Vec accepts every write");
    encoder.into_writer()
}

impl Value<'_> {
    /// At most this long with its key, counting 18 bytes for the heads of both.
    fn max_len(&self) -> usize {
        18 + match self {
            Value::Uint(_) | Value::Bool(_) => 0,
            Value::Bytes(bytes) | Value::Other(bytes) => bytes.len(),
            Value::Text(text) => text.len(),
        }
    }
}

type WriteError = minicbor::encode::Error<std::convert::Infallible>;

fn write_entries(
    encoder: &mut Encoder<Vec<u8>>,
    entries: &[(u64, Value<'_>)],
) -> Result<(), WriteError> {
    encoder.map(u64::try_from(entries.len()).unwrap_or(u64::MAX))?;
    for (key, value) in entries {
        encoder.u64(*key)?;
        match value {
            Value::Uint(number) => encoder.u64(*number)?,
            Value::Bytes(bytes) => encoder.bytes(bytes)?,
            Value::Text(text) => encoder.str(text)?,
            Value::Bool(truth) => encoder.bool(*truth)?,
            Value::Other(item) => {
                encoder.writer_mut().extend_from_slice(item);
                continue;
            }
        };
    }
    Ok(())
}

fn value<'a>(decoder: &mut Decoder<'a>) -> Option<Value<'a>> {
    let start = decoder.position();
    match decoder.datatype().ok()? {
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => decoder.u64().ok().map(Value::Uint),
        Type::Bytes => decoder.bytes().ok().map(Value::Bytes),
        Type::String => decoder.str().ok().map(Value::Text),
        Type::Bool => decoder.bool().ok().map(Value::Bool),
        _ => {
            decoder.skip().ok()?;
            let encoded = decoder.input().get(start..decoder.position())?;
            Some(Value::Other(encoded))
        }
    }
}
