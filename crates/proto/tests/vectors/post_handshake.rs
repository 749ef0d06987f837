//! How real phones introduce themselves. What their authenticators can do is CTAP, which the product
//! hands on unread; here a second reader looks at what was handed on.

use hawser_proto::PostHandshake;
use serde_json::{Value, json};

use crate::cbor;
use crate::vector::{Outcome, Vector, ensure};

pub(crate) fn check(vector: &Vector) -> Outcome {
    if vector.expects("/plaintext_ctap") {
        return written(vector);
    }
    let plaintext = vector.bytes("plaintext")?;
    let (phone, linking) = PostHandshake::decode(&plaintext)?;
    ensure(phone.offers_ctap() && !phone.offers_json(), "another offer")?;
    ensure(linking.is_none(), "linking information from nowhere")?;

    let info = cbor::to_json(phone.get_info().ok_or("no information")?)?;
    let at = |key: &str| info.get(key).cloned().unwrap_or(Value::Null);
    vector.expect("/versions", at("1"))?;
    if vector.expects("/extensions") {
        vector.expect("/extensions", at("2"))?;
    }
    vector.expect("/aaguid", at("3"))?;
    vector.expect("/options", at("4"))?;
    vector.expect("/transports", at("9"))?;
    // Everything of the plaintext is accounted for.
    let whole =
        json!({ "1": data_encoding::HEXLOWER.encode(phone.get_info().unwrap_or_default()) });
    ensure(cbor::to_json(&plaintext)? == whole, "more than was read")?;
    let keys: Vec<_> = ["1", "2", "3", "4", "9"]
        .into_iter()
        .filter(|key| info.get(*key).is_some())
        .collect();
    let found: Vec<_> = info
        .as_object()
        .into_iter()
        .flat_map(|map| map.keys())
        .collect();
    ensure(keys == found, "information that was not compared")
}

/// What a browser's phone sends, written by the product.
fn written(vector: &Vector) -> Outcome {
    let info = vector.expected_bytes("/get_info")?;
    let ctap = PostHandshake::ctap(info.clone());
    vector.expect_bytes("/plaintext_ctap", ctap.encode())?;
    vector.expect_bytes("/plaintext_dc_only", PostHandshake::json().encode())?;

    let plaintext = vector.expected_bytes("/plaintext_ctap")?;
    let (read, _) = PostHandshake::decode(&plaintext)?;
    ensure(read.get_info() == Some(&info[..]), "not read as written")
}
