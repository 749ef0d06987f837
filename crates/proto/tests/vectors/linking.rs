//! What linking is made of: the signature, the phone's keys, and the contact id in a path.

use hawser_proto::key_schedule::{self, Purpose};
use hawser_proto::{Link, LinkId, LinkSecret, LinkingOffer, PrivateKey, RootSecret};
use hawser_wire::{ContactId, TunnelDomain, TunnelPath};

use crate::cbor;
use crate::vector::{Outcome, Vector, ensure};

pub(crate) fn check(vector: &Vector) -> Outcome {
    match vector.id.as_str() {
        "link-signature-chromium-seeds" => signature(vector),
        "link-identity-from-root" => identity(vector),
        "link-secret-derivation" => link_secret(vector),
        id if id.starts_with("contact-b64-") => {
            let path = TunnelPath::Contact(ContactId::from_bytes(vector.bytes("contact_id")?)?);
            vector.expect("/path", path.to_string())?;
            let read: TunnelPath = vector.expected_text("/path")?.parse()?;
            ensure(read == path, "not read as written")
        }
        _ => Err("no check".into()),
    }
}

fn signature(vector: &Vector) -> Outcome {
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
    let phone = PrivateKey::from_seed(&vector.bytes("authenticator_seed")?)?;
    let laptop = PrivateKey::from_seed(&vector.bytes("client_seed")?)?;
    vector.expect_input("authenticator_public", hex(phone.public_key().as_bytes()))?;
    vector.expect_input("client_public", hex(laptop.public_key().as_bytes()))?;
    let handshake_hash = vector.array("handshake_hash")?;
    let shared = phone.diffie_hellman(&laptop.public_key());
    vector.expect_bytes("/ecdh", shared.expose())?;
    let shared = laptop.diffie_hellman(&phone.public_key());
    vector.expect_bytes("/ecdh", shared.expose())?;

    let offer = LinkingOffer {
        contact_id: ContactId::from_bytes([1])?,
        link_id: LinkId::from_bytes(&[2; 8])?,
        secret: LinkSecret::from_bytes(&[3; 32])?,
        identity: phone,
        name: "A phone".into(),
    };
    let signed = offer.encode(&laptop.public_key(), &handshake_hash);
    let written = cbor::to_json(&signed)?;
    vector.expect("/signature", written.get("6").cloned())?;
    Link::verify(&signed, &laptop, &handshake_hash, TunnelDomain::from_id(0)?)?;
    Ok(())
}

fn identity(vector: &Vector) -> Outcome {
    let root = RootSecret::from_bytes(vector.array("root_secret")?);
    let seed = key_schedule::derive::<32>(root.expose(), &[], Purpose::IdentitySeed);
    vector.expect_bytes("/identity_seed", *seed)?;
    let identity = root.identity_key()?;
    vector.expect_bytes("/identity_private", identity.expose())?;
    vector.expect_bytes("/identity_public", identity.public_key().as_bytes())
}

fn link_secret(vector: &Vector) -> Outcome {
    let root = RootSecret::from_bytes(vector.array("root_secret")?);
    let contact_id = ContactId::from_bytes(vector.bytes("contact_id")?)?;
    let contact = root.contact_secret(&contact_id);
    vector.expect_bytes("/per_contact_secret", contact.expose())?;
    let link_id = LinkId::from_bytes(&vector.bytes("link_id")?)?;
    vector.expect_bytes("/link_secret", contact.link_secret(&link_id).expose())
}
