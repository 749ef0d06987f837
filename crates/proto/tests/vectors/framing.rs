//! Frames, and the one message of a tunnel service.

use hawser_proto::frame::{Frame, FrameError, FrameKind};
use hawser_proto::laptop::CONNECTION_SIGNAL;
use hawser_wire::header;
use sha2::{Digest as _, Sha256};

use crate::cbor;
use crate::vector::{Outcome, Vector, ensure};

pub(crate) fn check(vector: &Vector) -> Outcome {
    if vector.has_input("header") {
        let (name, value) = vector.text("header")?.split_once(": ").ok_or("no header")?;
        ensure(
            name.to_lowercase() == header::SIGNAL_CONNECTION,
            "another header",
        )?;
        ensure(value == "true", "another value")?;
        return vector.expect_bytes("/ws_binary_message", CONNECTION_SIGNAL);
    }
    if vector.expects("/error") {
        let frame = vector.bytes("frame")?;
        ensure(
            vector.expected_text("/error")? == "unknown type",
            "another error",
        )?;
        let refused = Frame::decode(frame.into()) == Err(FrameError::Unknown(0xFF));
        return ensure(refused, "the frame was read");
    }
    if vector.has_input("type") {
        let kind = kind(vector.number("type")?).ok_or("no such type")?;
        let payload = vector.bytes("payload")?;
        vector.expect_bytes("/frame", &*Frame::encode(kind, &payload))?;
        let read = Frame::decode(vector.expected_bytes("/frame")?.into())?;
        ensure(read.kind() == kind, "another kind")?;
        return ensure(read.payload() == payload, "another payload");
    }
    fixture(vector)
}

fn kind(byte: u8) -> Option<FrameKind> {
    [
        FrameKind::Shutdown,
        FrameKind::Ctap,
        FrameKind::Update,
        FrameKind::Json,
    ]
    .into_iter()
    .find(|kind| kind.byte() == byte)
}

/// A whole CTAP frame of another project's test. Nothing else in the vector says what is in it, so a
/// digest stands for it.
fn fixture(vector: &Vector) -> Outcome {
    const PAYLOAD: &str = "f342b957cd95f756727678acca8f2986ea852e0a5be47a0d53c1f5904245fd56";
    let frame = Frame::decode(vector.expected_bytes("/frame")?.into())?;
    ensure(frame.kind() == FrameKind::Ctap, "another kind")?;
    let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(frame.payload()));
    ensure(digest == PAYLOAD, &format!("another payload: {digest}"))?;
    let response = cbor::to_json(frame.payload())?;
    let format = response.get("1").and_then(|format| format.as_str());
    ensure(format == Some("packed"), "not a makeCredential response")
}
