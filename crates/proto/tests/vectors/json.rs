//! A request for a digital credential, which is JSON. The product hands it on unread.

use hawser_proto::frame::FrameKind;
use hawser_proto::{
    Advert, Hint, LaptopInvitation, LaptopSession, OsRng, PhoneEvent, PhoneHello, PhoneSession,
    PostHandshake,
};
use hawser_wire::{RoutingId, TunnelDomain};
use serde_json::{Value, json};

use crate::vector::{Outcome, Vector};

pub(crate) fn check(vector: &Vector) -> Outcome {
    vector.expect("/frame_type", FrameKind::Json.byte())?;
    let request = json!({
        "origin": vector.text("origin")?,
        "requestType": "credential.get",
        "request": { "digital": vector.inputs.get("digital") },
    });
    let handed_on = through_a_session(request.to_string().as_bytes())?;
    vector.expect("/json", serde_json::from_slice::<Value>(&handed_on)?)
}

/// Sends it as a laptop, and gives what the phone received.
fn through_a_session(request: &[u8]) -> Outcome<Vec<u8>> {
    let shown = LaptopInvitation::new(&mut OsRng, Hint::PresentCredential, None, false).unwrap();
    let domain = TunnelDomain::from_id(266)?;
    let advert = Advert::new(&mut OsRng, RoutingId::from_bytes([0, 0, 7]), domain).unwrap();
    let hello = PhoneHello::new(PostHandshake::json());
    let mut phone = PhoneSession::new(shown.invitation(), &advert, hello, &mut OsRng)?;
    let (mut laptop, message) = LaptopSession::start(&shown, &advert, &mut OsRng)?;
    for message in phone.receive(&message)?.send {
        let _ = laptop.receive(&message)?;
    }
    match phone.receive(&laptop.request_json(request)?)?.event {
        Some(PhoneEvent::JsonRequest(received)) => Ok(received),
        other => Err(format!("not a JSON request: {other:?}").into()),
    }
}
