//! QR codes: real ones of browsers, phones and apps, and what must be refused.

use data_encoding::HEXLOWER;
use hawser_proto::qr::digits;
use hawser_proto::{CborError, Channel, Hint, Invitation, QrError};
use serde_json::{Map, Value};

use crate::vector::{Outcome, Vector, ensure};

pub(crate) fn check(vector: &Vector) -> Outcome {
    if vector.expects("/error") {
        refused_text(vector)
    } else if vector.expects("/fields") {
        fields(vector)
    } else {
        validity(vector)
    }
}

/// A whole code: the bytes in it, every field, and the same code written again.
fn fields(vector: &Vector) -> Outcome {
    let uri = vector.text("uri")?;
    let cbor = digits::decode(uri.strip_prefix("FIDO:/").ok_or("no prefix")?, 0)?;
    vector.expect_bytes("/cbor", &cbor)?;

    let read = Invitation::parse(uri)?;
    for (key, value) in read_fields(&read) {
        vector.expect(&format!("/fields/{key}"), value)?;
    }
    // What the product does not keep, it cannot write: unknown keys.
    let has_unknown_keys = vector.expects("/fields/65535");
    ensure(
        (read.to_uri() == uri) != has_unknown_keys,
        "the code is not written as it was read",
    )
}

/// Only keys that the code has: what is absent has a default, which is no field.
fn read_fields(read: &Invitation) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut put = |key: &str, value: Value| fields.insert(key.to_owned(), value);
    put(
        "0",
        HEXLOWER.encode(&read.public_key().to_compressed()).into(),
    );
    put("1", HEXLOWER.encode(read.secret().expose()).into());
    put("2", read.known_domains().into());
    read.timestamp().map(|time| put("3", time.into()));
    read.linking().map(|linking| put("4", linking.into()));
    put("5", read.hint().as_str().into());
    let channels = read.channels();
    // The tunnel alone is the default too: a code that says so has the key or not.
    if channels != [Channel::Tunnel] || read.encode().ends_with(&[0x06, 0x81, 0x00]) {
        let numbers = channels.iter().map(|channel| number(*channel));
        put("6", numbers.collect::<Vec<_>>().into());
    }
    fields
}

fn number(channel: Channel) -> u64 {
    match channel {
        Channel::Tunnel => 0,
        Channel::L2cap => 1,
        Channel::Other(number) => number,
        _ => u64::MAX,
    }
}

/// One field at a time, accepted or refused.
fn validity(vector: &Vector) -> Outcome {
    let cbor = vector.bytes("cbor")?;
    let uri = vector.text("uri")?;
    vector.expect_input("uri", format!("FIDO:/{}", digits::encode(&cbor)))?;
    let decoded = Invitation::decode(&cbor);
    ensure(Invitation::parse(uri) == decoded, "text and bytes differ")?;
    vector.expect("/valid", decoded.is_ok())?;

    match decoded {
        Err(error) => {
            let is_expected = match vector.id.as_str() {
                "qr-known-bad-point" => matches!(error, QrError::PublicKey(_)),
                "qr-known-domains-str" => matches!(error, QrError::Value { key: 2, .. }),
                "qr-known-linking-str" => matches!(error, QrError::Value { key: 4, .. }),
                "qr-gen-secret-15" => matches!(error, QrError::Value { key: 1, .. }),
                "qr-gen-pubkey-uncompressed" => matches!(error, QrError::Value { key: 0, .. }),
                "qr-gen-missing-secret" => matches!(error, QrError::Missing { key: 1, .. }),
                _ => false,
            };
            ensure(is_expected, &format!("refused otherwise: {error}"))
        }
        Ok(read) if vector.id.starts_with("qr-known-") => {
            vector.expect("/num_known_domains", read.known_domains())?;
            vector.expect("/supports_linking", read.linking())?;
            vector.expect("/request_type", read.hint().as_str())?;
            vector.expect_bytes("/public_key_uncompressed", read.public_key().as_bytes())
        }
        Ok(read) => {
            let is_expected = match vector.id.as_str() {
                "qr-gen-dcp" => read.hint() == Hint::PresentCredential,
                "qr-gen-key6-both" => read.channels() == [Channel::Tunnel, Channel::L2cap],
                "qr-gen-key6-ble-only" => read.channels() == [Channel::L2cap],
                "qr-gen-grease" => read.encode().len() < cbor.len(),
                _ => false,
            };
            ensure(is_expected, &format!("read otherwise: {read:?}"))
        }
    }
}

fn refused_text(vector: &Vector) -> Outcome {
    let error = Invitation::parse(vector.text("uri")?).err();
    let error = error.ok_or("the code was read")?;
    let is_expected = match vector.expected_text("/error")? {
        "not a FIDO URI" => error == QrError::Prefix,
        "empty payload" => error == QrError::Empty,
        "non-digit after FIDO:/" => error == QrError::Digit { offset: 6 },
        "digit chunk out of range" => error == QrError::Group { offset: 6 },
        "payload 00 is CBOR but not a map" => error == QrError::Cbor(CborError::NotAMap),
        _ => false,
    };
    ensure(is_expected, &format!("refused otherwise: {error}"))
}
