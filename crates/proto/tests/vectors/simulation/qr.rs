//! Behind a QR code, with an offer to link.

use hawser_proto::frame::{Frame, FrameKind};
use hawser_proto::noise::Initiator;
use hawser_proto::{
    Advert, Hint, LaptopEvent, LaptopInvitation, LaptopSession, Link, LinkId, LinkSecret,
    LinkingOffer, PhoneHello, PhoneSession, PostHandshake, PrivateKey, QrSecret, padding, update,
};
use hawser_test_rng::Draws;
use hawser_wire::{ContactId, RoutingId, TunnelDomain, TunnelPath};

use crate::cbor;
use crate::vector::{Outcome, Vector, ensure};

pub(super) fn check(vector: &Vector) -> Outcome {
    let own = PrivateKey::from_bytes(&vector.array("client_static_private")?)?;
    let secret = QrSecret::from_bytes(vector.array("qr_secret")?);
    let shown = LaptopInvitation::from_keys(own, secret, Hint::GetAssertion, None, true);
    let code = shown.invitation();
    let advert = Advert::with_nonce(
        vector.array("nonce")?,
        RoutingId::from_bytes(vector.array("routing_id")?),
        TunnelDomain::from_id(vector.number("tunnel_domain_id")?)?,
    );
    vector.expect_bytes("/eid_plaintext", advert.plaintext())?;
    vector.expect_bytes("/service_data", advert.seal(&code.eid_key()))?;
    vector.expect_bytes("/tunnel_id", code.tunnel_id().as_bytes())?;
    let path = TunnelPath::Connect(advert.routing_id(), code.tunnel_id());
    vector.expect("/connect_url", advert.domain().url(&path))?;
    vector.expect_bytes("/psk", code.secret().psk(&advert).expose())?;
    session(vector, &shown, &advert)
}

fn offer(vector: &Vector) -> Outcome<LinkingOffer> {
    Ok(LinkingOffer {
        contact_id: ContactId::from_bytes(vector.bytes("contact_id")?)?,
        link_id: LinkId::from_bytes(&vector.bytes("link_id")?)?,
        secret: LinkSecret::from_bytes(&vector.array::<32>("link_secret")?)?,
        identity: PrivateKey::from_bytes(&vector.array("authenticator_identity_private")?)?,
        name: NAME.into(),
    })
}

fn session(vector: &Vector, shown: &LaptopInvitation, advert: &Advert) -> Outcome {
    let code = shown.invitation();
    let hello = PhoneHello::new(PostHandshake::ctap([0xA0])).with_linking(offer(vector)?)?;
    let mut draws = Draws::of(vector.array::<32>("authenticator_ephemeral_private")?);
    let mut phone = PhoneSession::new(code, advert, hello, &mut draws)?;
    let laptop_draws = vector.array::<32>("client_ephemeral_private")?;
    let (mut laptop, message1) = LaptopSession::start(shown, advert, &mut Draws::of(laptop_draws))?;
    vector.expect_bytes("/message1", &message1)?;

    let sent = phone.receive(&message1)?.send;
    let [message2, introduction, update] = &sent[..] else {
        return Err("not three messages".into());
    };
    vector.expect_bytes("/message2", message2)?;
    vector.expect_bytes("/update_ciphertext_counter1", update)?;
    laptop
        .receive(message2)?
        .event
        .map_or(Ok(()), |_| Err("an event too early"))?;
    let ready = laptop.receive(introduction)?.event;
    ensure(matches!(ready, Some(LaptopEvent::Ready(_))), "not ready")?;
    let Some(LaptopEvent::Linked(link)) = laptop.receive(update)?.event else {
        return Err("not linked".into());
    };
    ensure(link.secret == offer(vector)?.secret, "another secret")?;
    ensure(link.name == NAME, "another name")?;

    // What is inside, through the layers below the session.
    let own = shown.private_key();
    let psk = code.secret().psk(advert);
    let (initiator, _) = Initiator::qr(&psk, own, &mut Draws::of(laptop_draws))?;
    let secured = initiator.finish(message2)?;
    let hash = *secured.handshake_hash();
    vector.expect_bytes("/handshake_hash", hash)?;
    vector.expect_bytes(
        "/key_client_to_authenticator",
        secured.laptop_to_phone().expose(),
    )?;
    vector.expect_bytes(
        "/key_authenticator_to_client",
        secured.phone_to_laptop().expose(),
    )?;
    let (_, mut opener) = secured.into_records();
    opener.open(introduction)?;
    inside(vector, &opener.open(update)?, shown, &hash)
}

fn inside(vector: &Vector, frame: &[u8], shown: &LaptopInvitation, hash: &[u8; 32]) -> Outcome {
    vector.expect_bytes("/update_frame", frame)?;
    vector.expect(
        "/update_frame_padded_length",
        padding::padded_len(frame.len()),
    )?;
    let frame = Frame::decode(frame.to_vec().into())?;
    ensure(frame.kind() == FrameKind::Update, "not an update")?;
    let linking = update::decode(frame.payload())?.ok_or("no offer in it")?;
    vector.expect_bytes("/linking_map_cbor", linking)?;
    let signature = cbor::to_json(linking)?.get("6").cloned();
    vector.expect("/link_signature", signature)?;
    Link::verify(
        linking,
        shown.private_key(),
        hash,
        TunnelDomain::from_id(0)?,
    )?;

    let empty = Frame::encode(FrameKind::Update, &update::encode(None)?);
    vector.expect("/empty_update_frame_length", empty.len())
}

/// What the phone of the vector calls itself.
const NAME: &str = "Test phone";
