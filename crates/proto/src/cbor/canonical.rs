//! The canonical form of CTAP2 (CTAP 2.2 §8): shortest numbers, definite lengths, ascending keys.

use std::cmp::Ordering;

use minicbor::Decoder;
use minicbor::data::Type;

use super::CborError;

/// Deepest nesting that is read; browsers stop at the same depth.
pub(super) const MAX_DEPTH: usize = 16;

/// Checks that `bytes` are exactly one canonical item.
pub(super) fn check(bytes: &[u8]) -> Result<(), CborError> {
    let mut decoder = Decoder::new(bytes);
    item(&mut decoder, MAX_DEPTH)?;
    let offset = decoder.position();
    if offset == bytes.len() {
        Ok(())
    } else {
        Err(CborError::Trailing { offset })
    }
}

fn item(decoder: &mut Decoder<'_>, depth: usize) -> Result<(), CborError> {
    let offset = decoder.position();
    let depth = depth.checked_sub(1).ok_or(CborError::TooDeep { offset })?;
    let malformed = |_| CborError::Malformed { offset };
    // What the head says, and how many bytes follow the head inside the item itself.
    let (argument, body) = match decoder.datatype().map_err(malformed)? {
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => (decoder.u64().map_err(malformed)?, 0),
        Type::I8 | Type::I16 | Type::I32 | Type::I64 | Type::Int => {
            let negative = i128::from(decoder.int().map_err(malformed)?);
            (u64::try_from(-1 - negative).unwrap_or(u64::MAX), 0)
        }
        Type::Bytes => string(decoder.bytes().map_err(malformed)?),
        Type::String => string(decoder.str().map_err(malformed)?.as_bytes()),
        Type::Array => (decoder.array().map_err(malformed)?.unwrap_or(0), 0),
        Type::Map => (decoder.map().map_err(malformed)?.unwrap_or(0), 0),
        Type::Bool | Type::Null | Type::Undefined => {
            return decoder.skip().map_err(malformed);
        }
        Type::BytesIndef | Type::StringIndef | Type::ArrayIndef | Type::MapIndef => {
            return Err(CborError::NotCanonical { offset });
        }
        Type::F16 | Type::F32 | Type::F64 | Type::Simple | Type::Tag => {
            return Err(CborError::Unsupported { offset });
        }
        Type::Break | Type::Unknown(_) => return Err(CborError::Malformed { offset }),
    };
    if decoder.position() - offset - body != head_len(argument) {
        return Err(CborError::NotCanonical { offset });
    }
    match major_type(decoder.input(), offset) {
        ARRAY => (0..argument).try_for_each(|_| item(decoder, depth)),
        MAP => map(decoder, argument, depth),
        _ => Ok(()),
    }
}

fn map(decoder: &mut Decoder<'_>, len: u64, depth: usize) -> Result<(), CborError> {
    let mut previous: Option<&[u8]> = None;
    for _ in 0..len {
        let offset = decoder.position();
        if !matches!(major_type(decoder.input(), offset), UNSIGNED..=TEXT) {
            let end = offset >= decoder.input().len();
            return Err(if end {
                CborError::Malformed { offset }
            } else {
                CborError::Unsupported { offset }
            });
        }
        item(decoder, depth)?;
        let key = decoder.input().get(offset..decoder.position());
        let key = key.unwrap_or_default();
        match previous.map_or(Ordering::Less, |previous| order(previous, key)) {
            Ordering::Less => {}
            Ordering::Equal => return Err(CborError::DuplicateKey { offset }),
            Ordering::Greater => return Err(CborError::KeyOrder { offset }),
        }
        previous = Some(key);
        item(decoder, depth)?;
    }
    Ok(())
}

/// Keys ascend by major type, then length, then bytes.
fn order(a: &[u8], b: &[u8]) -> Ordering {
    major_type(a, 0)
        .cmp(&major_type(b, 0))
        .then(a.len().cmp(&b.len()))
        .then_with(|| a.cmp(b))
}

const UNSIGNED: u8 = 0;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const NOTHING: u8 = u8::MAX;

fn major_type(bytes: &[u8], offset: usize) -> u8 {
    bytes.get(offset).map_or(NOTHING, |head| head >> 5)
}

fn string(body: &[u8]) -> (u64, usize) {
    (u64::try_from(body.len()).unwrap_or(u64::MAX), body.len())
}

/// Bytes of the shortest head for this argument (RFC 8949 §4.2.1).
fn head_len(argument: u64) -> usize {
    match argument {
        0..24 => 1,
        24..=0xFF => 2,
        0x100..=0xFFFF => 3,
        0x1_0000..=0xFFFF_FFFF => 5,
        _ => 9,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
    }

    #[test]
    fn canonical_items_pass() {
        for text in [
            "00",
            "17",
            "1818",
            "190100",
            "1a00010000",
            "1b0000000100000000",
            "20",
            "3818",
            "390100",
            "40",
            "4100",
            "60",
            "6161",
            "80",
            "8201f6",
            "a0",
            "a10000",
            "a2000020f5",
            "f4",
            "f7",
            "a300f5200040f4",
            "a2616101626161f4",
            "3bffffffffffffffff",
        ] {
            assert_eq!(check(&hex(text)), Ok(()), "{text}");
        }
    }

    #[test]
    fn the_reason_and_the_offset_are_named() {
        use CborError::*;
        let cases = [
            ("", Malformed { offset: 0 }),
            ("1817", NotCanonical { offset: 0 }),
            ("1900ff", NotCanonical { offset: 0 }),
            ("3817", NotCanonical { offset: 0 }),
            ("1a0000ffff", NotCanonical { offset: 0 }),
            ("1b00000000ffffffff", NotCanonical { offset: 0 }),
            ("580100", NotCanonical { offset: 0 }),
            ("780161", NotCanonical { offset: 0 }),
            ("980100", NotCanonical { offset: 0 }),
            ("b8010000", NotCanonical { offset: 0 }),
            ("5f4100ff", NotCanonical { offset: 0 }),
            ("7f6161ff", NotCanonical { offset: 0 }),
            ("9f00ff", NotCanonical { offset: 0 }),
            ("bf0000ff", NotCanonical { offset: 0 }),
            ("a1001817", NotCanonical { offset: 2 }),
            ("a181000000", Unsupported { offset: 1 }),
            ("a1f400", Unsupported { offset: 1 }),
            ("c000", Unsupported { offset: 0 }),
            ("f93c00", Unsupported { offset: 0 }),
            ("fb3ff0000000000000", Unsupported { offset: 0 }),
            ("e0", Unsupported { offset: 0 }),
            ("a200000000", DuplicateKey { offset: 3 }),
            ("a201000000", KeyOrder { offset: 3 }),
            ("a220000000", KeyOrder { offset: 3 }),
            ("a2626161006162f4", KeyOrder { offset: 5 }),
            ("0000", Trailing { offset: 1 }),
            ("ff", Malformed { offset: 0 }),
            ("1c", Malformed { offset: 0 }),
            ("19ff", Malformed { offset: 0 }),
            ("42ff", Malformed { offset: 0 }),
            ("61ff", Malformed { offset: 0 }),
            ("a1", Malformed { offset: 1 }),
            ("a100", Malformed { offset: 2 }),
            ("5bffffffffffffffff", Malformed { offset: 0 }),
            ("9bffffffffffffffff", Malformed { offset: 9 }),
            ("bbffffffffffffffff", Malformed { offset: 9 }),
        ];
        for (text, expected) in cases {
            assert_eq!(check(&hex(text)), Err(expected), "{text}");
        }
    }

    #[test]
    fn nesting_ends_at_the_limit() {
        let mut nested = vec![0x81; MAX_DEPTH - 1];
        nested.push(0x00);
        assert_eq!(check(&nested), Ok(()));
        nested.insert(0, 0x81);
        assert_eq!(
            check(&nested),
            Err(CborError::TooDeep { offset: MAX_DEPTH })
        );
    }
}
