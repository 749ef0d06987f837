//! Messages on Bluetooth L2CAP: not implemented. The product reads a phone's offer of that channel
//! (see [`advert_suffix`](crate::advert_suffix)) and goes through the tunnel all the same.
//!
//! So what is checked is that such a stream is no message of a tunnel: a session refuses it. The
//! framing of each vector is taken apart here, without the product, to know what is refused.

use hawser_proto::noise::NoiseError;
use hawser_proto::{
    Advert, Hint, Invitation, LaptopInvitation, OsRng, PhoneHello, PhoneSession, PostHandshake,
    PrivateKey, QrSecret, SessionError,
};
use hawser_wire::{RoutingId, TunnelDomain};

use crate::vector::{Outcome, Vector, ensure};

pub(crate) fn check(vector: &Vector) -> Outcome {
    let stream = vector.bytes("stream")?;
    let messages = if vector.id == "l2cap-crlf-old" {
        by_line_end(&stream)?
    } else {
        by_length(&stream)?
    };
    let hex = messages
        .iter()
        .map(|message| data_encoding::HEXLOWER.encode(message));
    vector.expect("/messages", hex.collect::<Vec<_>>())?;

    let found = stream.len();
    let refused = SessionError::Handshake(NoiseError::Length { found });
    let received = phone()?.receive(&stream);
    ensure(
        received == Err(refused),
        "a session took a stream for a message",
    )
}

/// A length of four bytes, most significant first, before each message.
fn by_length(mut stream: &[u8]) -> Outcome<Vec<&[u8]>> {
    let mut messages = Vec::new();
    while let Some((len, rest)) = stream.split_first_chunk() {
        let len = usize::try_from(u32::from_be_bytes(*len))?;
        let (message, rest) = rest.split_at_checked(len).ok_or("cut off")?;
        messages.push(message);
        stream = rest;
    }
    ensure(stream.is_empty(), "cut off")?;
    Ok(messages)
}

/// A carriage return and a line feed behind each message: an abandoned draft.
fn by_line_end(mut stream: &[u8]) -> Outcome<Vec<&[u8]>> {
    let mut messages = Vec::new();
    while let Some(end) = stream.windows(2).position(|bytes| bytes == b"\r\n") {
        let (message, rest) = stream.split_at(end);
        messages.push(message);
        stream = rest.get(2..).ok_or("cut off")?;
    }
    ensure(stream.is_empty(), "cut off")?;
    Ok(messages)
}

fn phone() -> Outcome<PhoneSession> {
    let key = PrivateKey::from_bytes(&[2; 32])?;
    let secret = QrSecret::from_bytes([1; 16]);
    let shown = LaptopInvitation::from_keys(key, secret, Hint::default(), None, false);
    let code = Invitation::parse(&shown.invitation().to_uri())?;
    let domain = TunnelDomain::from_id(266)?;
    let advert = Advert::with_nonce([9; 10], RoutingId::from_bytes([0, 0, 7]), domain);
    let hello = PhoneHello::new(PostHandshake::ctap([0xA0]));
    Ok(PhoneSession::new(&code, &advert, hello, &mut OsRng)?)
}
