//! Bytes as decimal digits, both ways.

use hawser_proto::QrError;
use hawser_proto::qr::digits;

use crate::vector::{Outcome, Vector, ensure};

pub(crate) fn check(vector: &Vector) -> Outcome {
    if vector.expects("/error") {
        return refused(vector);
    }
    let bytes = vector.bytes("bytes")?;
    vector.expect("/digits", digits::encode(&bytes))?;
    let read = digits::decode(vector.expected_text("/digits")?, 0)?;
    ensure(read == bytes, "the digits are not read back")
}

fn refused(vector: &Vector) -> Outcome {
    let error = digits::decode(vector.text("digits")?, 0).err();
    let error = error.ok_or("the digits were read")?;
    let is_expected = match vector.expected_text("/error")? {
        "non-digit"
        | "non-digit (full-width digits)"
        | "sign character must be rejected (generated)"
        | "leading space must be rejected (generated)" => matches!(error, QrError::Digit { .. }),
        "bad length" => matches!(error, QrError::Tail { .. }),
        "bad length (17+1)" => error == QrError::Tail { digits: 1 },
        "out of range" | "out of range (generated)" => matches!(error, QrError::Group { .. }),
        _ => false,
    };
    ensure(is_expected, &format!("refused otherwise: {error}"))
}
