//! Adverts of a phone behind a QR code: real ones, and what must be taken for somebody else's.

use aes::Aes256;
use aes::cipher::{BlockDecrypt as _, KeyInit as _};
use hawser_proto::key_schedule::{self, Purpose};
use hawser_proto::{Advert, EidKey, Invitation, QrSecret};
use hawser_wire::TunnelPath;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::vector::{Outcome, Vector, ensure, sized};

pub(crate) fn check(vector: &Vector) -> Outcome {
    if vector.expects("/error") {
        refused(vector)
    } else if vector.has_input("service_data") {
        opened(vector)
    } else if vector.has_input("secret") {
        sealed(vector)
    } else {
        let plaintext = vector.array("plaintext")?;
        let advert = Advert::from_plaintext(plaintext).ok_or("not an advert")?;
        ensure(advert.plaintext() == plaintext, "not written as read")?;
        meaning(vector, &advert)
    }
}

fn opened(vector: &Vector) -> Outcome {
    let secret = QrSecret::from_bytes(vector.array("secret")?);
    let key = secret.eid_key();
    if vector.has_input("salt") {
        let salt = vector.bytes("salt")?;
        let derived = key_schedule::derive::<64>(secret.expose(), &salt, Purpose::EidKey);
        ensure(derived[..] == key.expose()[..], "not the key of a QR code")?;
        vector.expect_bytes("/eid_key", key.expose())?;
    }
    let service_data: [u8; 20] = vector.array("service_data")?;
    let advert = Advert::open(&key, &service_data).ok_or("somebody else's advert")?;
    ensure(advert.seal(&key) == service_data, "not sealed as it came")?;
    vector.expect_bytes("/plaintext", advert.plaintext())?;
    meaning(vector, &advert)?;

    if vector.has_input("qr_uri") {
        let code = Invitation::parse(vector.text("qr_uri")?)?;
        ensure(*code.secret() == secret, "the secret of another code")?;
        vector.expect_bytes("/tunnel_id", code.tunnel_id().as_bytes())?;
        vector.expect_bytes("/psk", code.secret().psk(&advert).expose())?;
        let path = TunnelPath::Connect(advert.routing_id(), code.tunnel_id());
        vector.expect("/client_connect_url", advert.domain().url(&path))?;
    }
    Ok(())
}

fn meaning(vector: &Vector, advert: &Advert) -> Outcome {
    vector.expect_bytes("/nonce", advert.nonce())?;
    vector.expect_bytes("/routing_id", advert.routing_id().as_bytes())?;
    vector.expect("/tunnel_domain_id", advert.domain().id())
}

fn sealed(vector: &Vector) -> Outcome {
    let secret = QrSecret::from_bytes(vector.array("secret")?);
    let salt = vector.bytes("salt")?;
    let key = EidKey::from_bytes(*key_schedule::derive(
        secret.expose(),
        &salt,
        Purpose::EidKey,
    ));
    vector.expect_bytes("/eid_key", key.expose())?;
    let advert = Advert::from_plaintext(vector.array("plaintext")?).ok_or("not an advert")?;
    vector.expect_bytes("/service_data", advert.seal(&key))
}

/// Refused for the reason that the vector gives: a second opinion says what is in the advert.
fn refused(vector: &Vector) -> Outcome {
    let key = vector.array("eid_key")?;
    let service_data = vector.array("service_data")?;
    let opened = Advert::open(&EidKey::from_bytes(key), &service_data);
    ensure(opened.is_none(), "the advert was opened")?;

    let is_expected = match vector.expected_text("/error")? {
        "tag mismatch" => open(&key, &service_data).is_none(),
        "byte 0 must be zero" => {
            let plaintext = open(&key, &service_data).ok_or("the tag does not match")?;
            let [first, ..] = plaintext;
            let mut repaired = plaintext;
            repaired[0] = 0;
            first != 0
                && Advert::from_plaintext(plaintext).is_none()
                && Advert::from_plaintext(repaired).is_some()
        }
        text if text == UNASSIGNED => {
            let plaintext = open(&key, &service_data).ok_or("the tag does not match")?;
            let mut repaired = plaintext;
            repaired[14] = 1;
            plaintext[14..] == [2, 0]
                && Advert::from_plaintext(plaintext).is_none()
                && Advert::from_plaintext(repaired).is_some()
        }
        _ => false,
    };
    ensure(is_expected, "refused for another reason")
}

/// The advert, opened without the product.
fn open(key: &[u8; 64], service_data: &[u8; 20]) -> Option<[u8; 16]> {
    let (ciphertext, tag) = service_data.split_at(16);
    let (cipher, mac) = key.split_at(32);
    let mut hmac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(mac).ok()?;
    hmac.update(ciphertext);
    hmac.verify_truncated_left(tag).ok()?;
    let mut block = sized::<16>(ciphertext).ok()?.into();
    Aes256::new_from_slice(cipher)
        .ok()?
        .decrypt_block(&mut block);
    Some(block.into())
}

const UNASSIGNED: &str =
    "unassigned; note Firefox off-by-one (accepts 2 at parse time, then has no domain)";
