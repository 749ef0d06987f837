//! What may follow the 20 bytes of an advert. It is a hint: whatever it is, the advert stands.

use hawser_proto::advert::{SERVICE_DATA_LEN, l2cap_psm};
use hawser_proto::{Advert, EidKey};
use hawser_wire::{RoutingId, TunnelDomain};
use serde_json::json;

use crate::cbor;
use crate::vector::{Outcome, Vector, ensure};

pub(crate) fn check(vector: &Vector) -> Outcome {
    if vector.has_input("service_data") {
        let data = vector.bytes("service_data")?;
        let (advert, suffix) = data.split_at_checked(SERVICE_DATA_LEN).ok_or("too short")?;
        vector.expect_bytes("/advert20", advert)?;
        vector.expect_bytes("/suffix_cbor", suffix)?;
        vector.expect("/suffix/1", l2cap_psm(&data))?;
        vector.expect("/psm", l2cap_psm(&data))?;
        return the_advert_stands(suffix);
    }
    let suffix = vector.bytes("suffix")?;
    let psm = l2cap_psm(&the_advert_with(&suffix)?);
    the_advert_stands(&suffix)?;
    if vector.expects("/error") {
        ensure(
            vector.expected_text("/error")? == "not CBOR",
            "which error?",
        )?;
        ensure(cbor::to_json(&suffix).is_err(), "it is CBOR")?;
        ensure(psm.is_none(), "a port was read from what is not CBOR")
    } else if vector.expects("/firefox_reading") {
        // Two implementations read it differently. The product sides with the one that real
        // Android phones follow, and ignores a chosen channel.
        vector.expect("/libwebauthn_android_reading/psm", psm)
    } else {
        if psm.is_some() {
            let whole = cbor::to_json(&suffix)?;
            ensure(whole == json!({ "1": psm }), "more than the port")?;
        }
        vector.expect("/psm", psm)
    }
}

fn key() -> EidKey {
    EidKey::from_bytes([7; 64])
}

fn advert() -> Outcome<Advert> {
    let domain = TunnelDomain::from_id(266)?;
    Ok(Advert::with_nonce(
        [9; 10],
        RoutingId::from_bytes([1, 2, 3]),
        domain,
    ))
}

fn the_advert_with(suffix: &[u8]) -> Outcome<Vec<u8>> {
    Ok([&advert()?.seal(&key()), suffix].concat())
}

fn the_advert_stands(suffix: &[u8]) -> Outcome {
    let opened = Advert::open(&key(), &the_advert_with(suffix)?);
    ensure(opened == Some(advert()?), "the suffix changes the advert")
}
