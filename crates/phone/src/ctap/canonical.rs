//! The CTAP2 canonical CBOR encoding form (CTAP 2.2 §8).

use ciborium::Value;
use passkey_types::ctap2::Ctap2Error;
use serde::Serialize;

/// Encodes with map keys in canonical order: by major type, then length, then bytes.
///
/// The passkey library writes maps in the order of its struct fields, and browsers reject that. The
/// other rules (shortest integers, definite lengths) hold for everything that `ciborium` writes.
pub(crate) fn to_canonical<T: Serialize>(value: &T) -> Result<Vec<u8>, Ctap2Error> {
    let mut value = Value::serialized(value).map_err(|_| Ctap2Error::Other)?;
    sort(&mut value)?;
    encode(&value)
}

fn sort(value: &mut Value) -> Result<(), Ctap2Error> {
    match value {
        Value::Array(items) => items.iter_mut().try_for_each(sort),
        Value::Map(entries) => {
            let mut keyed = Vec::with_capacity(entries.len());
            for (key, mut value) in std::mem::take(entries) {
                sort(&mut value)?;
                keyed.push((order(&key)?, key, value));
            }
            keyed.sort_by(|(a, ..), (b, ..)| a.cmp(b));
            *entries = keyed.into_iter().map(|(_, k, v)| (k, v)).collect();
            Ok(())
        }
        _ => Ok(()),
    }
}

/// What map keys are ordered by. The first three bits of an encoded item are its major type.
fn order(key: &Value) -> Result<(Option<u8>, usize, Vec<u8>), Ctap2Error> {
    let bytes = encode(key)?;
    Ok((bytes.first().map(|first| first >> 5), bytes.len(), bytes))
}

fn encode(value: &Value) -> Result<Vec<u8>, Ctap2Error> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).map_err(|_| Ctap2Error::Other)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(entries: Vec<(Value, Value)>) -> Value {
        Value::Map(entries)
    }

    #[test]
    fn keys_are_ordered_by_major_type_then_length_then_bytes() {
        let keys: Vec<Value> = vec![
            "type".into(),
            "id".into(),
            "up".into(),
            (-1).into(),
            300.into(),
            24.into(),
            1.into(),
        ];
        let unordered = map(keys.into_iter().map(|k| (k, Value::Null)).collect());

        let bytes = to_canonical(&unordered).unwrap();

        // RFC 8949 §4.2.3 would put -1 (one byte) before 24 (two bytes); CTAP2 does not.
        let expected = [
            b"\xa7".as_slice(),
            b"\x01\xf6",
            b"\x18\x18\xf6",
            b"\x19\x01\x2c\xf6",
            b"\x20\xf6",
            b"\x62id\xf6",
            b"\x62up\xf6",
            b"\x64type\xf6",
        ]
        .concat();
        assert_eq!(bytes, expected);
    }

    #[test]
    fn nested_maps_are_ordered_too() {
        let inner = map(vec![("b".into(), Value::Null), ("a".into(), Value::Null)]);
        let nested = map(vec![(1.into(), Value::Array(vec![inner]))]);

        assert_eq!(
            to_canonical(&nested).unwrap(),
            b"\xa1\x01\x81\xa2\x61a\xf6\x61b\xf6",
        );
    }
}
