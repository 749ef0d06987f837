//! Behind a link.

use hawser_proto::noise::{Initiator, Responder};
use hawser_proto::{
    ConnectionSignal, Hint, LaptopSession, Link, LinkId, LinkSecret, LinkedAdvert, LinkedRequest,
    PhoneHello, PhoneSession, PostHandshake, PrivateKey, PublicKey, RootSecret,
};
use hawser_test_rng::Draws;
use hawser_wire::{ContactId, TunnelDomain, TunnelPath};

use crate::vector::{Outcome, Vector, ensure};

pub(super) fn check(vector: &Vector) -> Outcome {
    let link = link(vector)?;
    let path = TunnelPath::Contact(link.contact_id.clone());
    vector.expect("/contact_url", link.domain.url(&path))?;

    vector.expect_input("hint", Hint::GetAssertion.as_str())?;
    let nonce = vector.array("client_nonce")?;
    let request = LinkedRequest::with_nonce(link.link_id.clone(), nonce, Hint::GetAssertion);
    vector.expect_bytes("/client_payload_cbor", request.encode())?;
    vector.expect("/header_X-caBLE-Client-Payload", request.to_header())?;
    let header = vector.expected_text("/header_X-caBLE-Client-Payload")?;
    ensure(
        LinkedRequest::from_header(header)? == request,
        "not read as written",
    )?;

    let key = request.eid_key(&link);
    vector.expect_bytes("/eid_key", key.expose())?;
    let plaintext = vector.array("eid_plaintext")?;
    let advert = LinkedAdvert::from_plaintext(plaintext).ok_or("not an advert")?;
    let service_data = advert.seal(&key);
    vector.expect_bytes("/service_data", service_data)?;
    ensure(
        LinkedAdvert::open(&key, &service_data) == Some(advert.clone()),
        "not opened",
    )?;
    vector.expect_bytes("/psk", link.secret.psk(&advert).expose())?;
    handshake(vector, &link, &advert)?;
    sessions(vector, &link, &advert)
}

fn link(vector: &Vector) -> Outcome<Link> {
    let public_key = vector.bytes("authenticator_identity_public")?;
    let link = Link {
        contact_id: ContactId::from_bytes(vector.bytes("contact_id")?)?,
        link_id: LinkId::from_bytes(&vector.bytes("link_id")?)?,
        secret: LinkSecret::from_bytes(&vector.array::<32>("link_secret")?)?,
        public_key: PublicKey::from_uncompressed(&public_key)?,
        name: "A phone".into(),
        domain: TunnelDomain::from_id(vector.number("tunnel_domain_id")?)?,
    };
    ensure(
        identity()?.public_key() == link.public_key,
        "another phone's key",
    )?;
    Ok(link)
}

/// The vector gives the public key alone; the private one comes from the root secret of the linking
/// vectors, and the two must fit.
fn identity() -> Outcome<PrivateKey> {
    let mut root = [0; RootSecret::LEN];
    root[..4].copy_from_slice(&[0x0D, 0x0E, 0x0F, 0x10]);
    Ok(RootSecret::from_bytes(root).identity_key()?)
}

fn handshake(vector: &Vector, link: &Link, advert: &LinkedAdvert) -> Outcome {
    let psk = link.secret.psk(advert);
    let mut laptop_draws = Draws::of(vector.array::<32>("client_ephemeral_private")?);
    let mut phone_draws = Draws::of(vector.array::<32>("authenticator_ephemeral_private")?);
    let (laptop, message1) = Initiator::linked(&psk, &link.public_key, &mut laptop_draws)?;
    vector.expect_bytes("/message1", &message1)?;
    let phone = Responder::linked(&psk, &identity()?, &mut phone_draws)?;
    let (phone, message2) = phone.finish(&message1)?;
    vector.expect_bytes("/message2", &message2)?;
    for side in [&laptop.finish(&message2)?, &phone] {
        vector.expect_bytes("/handshake_hash", side.handshake_hash())?;
        let (to_phone, to_laptop) = (side.laptop_to_phone(), side.phone_to_laptop());
        vector.expect_bytes("/key_client_to_authenticator", to_phone.expose())?;
        vector.expect_bytes("/key_authenticator_to_client", to_laptop.expose())?;
    }
    Ok(())
}

/// The same messages through the sessions.
fn sessions(vector: &Vector, link: &Link, advert: &LinkedAdvert) -> Outcome {
    let hello = PhoneHello::new(PostHandshake::ctap([0xA0]));
    let mut draws = Draws::of(vector.array::<32>("authenticator_ephemeral_private")?);
    let mut phone =
        PhoneSession::new_linked(&link.secret, &identity()?, advert, hello, &mut draws)?;
    let mut draws = Draws::of(vector.array::<32>("client_ephemeral_private")?);
    let signal = ConnectionSignal::NotExpected;
    let (mut laptop, message1) = LaptopSession::start_linked(link, advert, signal, &mut draws)?;
    vector.expect_bytes("/message1", &message1)?;
    let sent = phone.receive(&message1)?.send;
    let [message2, introduction] = &sent[..] else {
        return Err("a linked phone sends two messages, and no update".into());
    };
    vector.expect_bytes("/message2", message2)?;
    ensure(
        laptop.receive(message2)?.event.is_none(),
        "an event too early",
    )?;
    ensure(laptop.receive(introduction)?.event.is_some(), "not ready")
}
