//! A phone's camera: whatever a QR code says, it is an invitation or an error, and an invitation survives being written again.

use hawser_proto::Invitation;

/// One case of this target; a panic is a find.
pub fn run(code: &[u8]) {
    // The text of a code, and the map behind its digits.
    let text = str::from_utf8(code).ok();
    let parsed = text.and_then(|text| Invitation::parse(text).ok());
    for invitation in parsed.into_iter().chain(Invitation::decode(code).ok()) {
        let again = Invitation::parse(&invitation.to_uri());
        assert!(again.is_ok_and(|again| again == invitation));
        let _ = invitation.tunnel_id();
    }
}
