//! A whole session with a real iPhone, from the laptop's side.

use hawser_proto::frame::{Frame, FrameKind};
use hawser_proto::noise::Initiator;
use hawser_proto::{
    Advert, Hint, Invitation, LaptopEvent, LaptopInvitation, LaptopSession, PostHandshake,
    PrivateKey,
};
use hawser_test_rng::Draws;
use hawser_wire::TunnelPath;

use crate::vector::{Outcome, Vector, ensure};

pub(crate) fn check(vector: &Vector) -> Outcome {
    let code = Invitation::parse(vector.text("qr_uri")?)?;
    let own = PrivateKey::from_bytes(&vector.array("client_static_private")?)?;
    ensure(
        own.public_key() == *code.public_key(),
        "the key of another code",
    )?;
    vector.expect_input(
        "client_static_public",
        data_encoding::HEXLOWER.encode(code.public_key().as_bytes()),
    )?;
    vector.expect_input(
        "qr_secret",
        data_encoding::HEXLOWER.encode(code.secret().expose()),
    )?;
    let service_data: [u8; 20] = vector.array("service_data")?;
    let advert = Advert::open(&code.eid_key(), &service_data).ok_or("somebody else's")?;
    vector.expect_bytes("/eid_plaintext", advert.plaintext())?;
    url(vector, &code, &advert)?;
    keys(vector, &code, &advert, &own)?;
    session(vector, &code, &advert, own)
}

/// Its client writes lower-case hex; the product writes upper case, and reads either.
fn url(vector: &Vector, code: &Invitation, advert: &Advert) -> Outcome {
    let path = TunnelPath::Connect(advert.routing_id(), code.tunnel_id());
    let url = format!(
        "wss://{}{}",
        advert.domain().host(),
        path.to_string().to_lowercase()
    );
    vector.expect("/tunnel_url", url)
}

fn keys(vector: &Vector, code: &Invitation, advert: &Advert, own: &PrivateKey) -> Outcome {
    let psk = code.secret().psk(advert);
    vector.expect_bytes("/psk", psk.expose())?;
    let mut draws = Draws::of(vector.array::<32>("client_ephemeral_private")?);
    let (initiator, message1) = Initiator::qr(&psk, own, &mut draws)?;
    vector.expect_bytes("/message1", message1)?;
    let secured = initiator.finish(&vector.bytes("message2")?)?;
    vector.expect_bytes("/handshake_hash", secured.handshake_hash())?;
    vector.expect_bytes(
        "/key_client_to_authenticator",
        secured.laptop_to_phone().expose(),
    )?;
    vector.expect_bytes(
        "/key_authenticator_to_client",
        secured.phone_to_laptop().expose(),
    )?;

    let request = Frame::encode(FrameKind::Ctap, &vector.bytes("ctap_request")?);
    vector.expect_bytes("/ctap_request_frame_plaintext_unpadded", &*request)?;
    let (mut sealer, mut opener) = secured.into_records();
    vector.expect_bytes("/ctap_request_ciphertext", sealer.seal(&request)?)?;
    let introduction = opener.open(&vector.bytes("post_handshake_ciphertext")?)?;
    vector.expect_bytes("/post_handshake_plaintext", &*introduction)?;
    let response = opener.open(&vector.bytes("ctap_response_ciphertext")?)?;
    vector.expect_bytes("/ctap_response_frame_plaintext_unpadded", &*response)
}

/// The same messages through the session, as an app would see them.
fn session(vector: &Vector, code: &Invitation, advert: &Advert, own: PrivateKey) -> Outcome {
    let secret = code.secret().clone();
    let shown = LaptopInvitation::from_keys(own, secret, Hint::GetAssertion, None, false);
    let mut draws = Draws::of(vector.array::<32>("client_ephemeral_private")?);
    let (mut laptop, message1) = LaptopSession::start(&shown, advert, &mut draws)?;
    vector.expect_bytes("/message1", message1)?;
    let step = laptop.receive(&vector.bytes("message2")?)?;
    ensure(step.event.is_none(), "an event too early")?;

    let step = laptop.receive(&vector.bytes("post_handshake_ciphertext")?)?;
    let plaintext = vector.expected_bytes("/post_handshake_plaintext")?;
    let (phone, _) = PostHandshake::decode(&plaintext)?;
    ensure(phone.offers_ctap() && phone.offers_json(), "another offer")?;
    ensure(step.event == Some(LaptopEvent::Ready(phone)), "not ready")?;

    let request = laptop.request(&vector.bytes("ctap_request")?)?;
    vector.expect_bytes("/ctap_request_ciphertext", request)?;
    let step = laptop.receive(&vector.bytes("ctap_response_ciphertext")?)?;
    let Some(LaptopEvent::Reply(reply)) = step.event else {
        return Err("no reply".into());
    };
    let frame = Frame::encode(FrameKind::Ctap, &reply);
    vector.expect_bytes("/ctap_response_frame_plaintext_unpadded", &*frame)
}
