//! A reader of CBOR that knows nothing of the product's: it turns an item into JSON.

use data_encoding::HEXLOWER;
use minicbor::Decoder;
use minicbor::data::Type;
use serde_json::{Map, Value};

use crate::vector::Outcome;

/// Exactly one item. Byte strings become hex, keys become text.
pub(crate) fn to_json(bytes: &[u8]) -> Outcome<Value> {
    let mut decoder = Decoder::new(bytes);
    let value = item(&mut decoder)?;
    if decoder.position() != bytes.len() {
        return Err("bytes behind the CBOR item".into());
    }
    Ok(value)
}

fn item(decoder: &mut Decoder<'_>) -> Outcome<Value> {
    Ok(match decoder.datatype()? {
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => decoder.u64()?.into(),
        Type::I8 | Type::I16 | Type::I32 | Type::I64 => decoder.i64()?.into(),
        Type::Bytes => HEXLOWER.encode(decoder.bytes()?).into(),
        Type::String => decoder.str()?.into(),
        Type::Bool => decoder.bool()?.into(),
        Type::Array => {
            let len = decoder.array()?.ok_or("indefinite length")?;
            let items: Result<Vec<_>, _> = (0..len).map(|_| item(decoder)).collect();
            items?.into()
        }
        Type::Map => {
            let len = decoder.map()?.ok_or("indefinite length")?;
            let mut map = Map::new();
            for _ in 0..len {
                let key = match item(decoder)? {
                    Value::String(text) => text,
                    key => key.to_string(),
                };
                map.insert(key, item(decoder)?);
            }
            map.into()
        }
        other => return Err(format!("no reader for {other}").into()),
    })
}
