//! The door through which codes come in.

use hawser_proto::{Invitation, QrError};

/// A QR code that a camera of this phone saw.
///
/// Scanning is the only proof that the person who holds the phone is looking at the laptop's screen. If
/// a web page could hand over the same text as a link, any page could start a sign-in on a phone
/// that a radio of the attacker is near (CVE-2024-9956). So:
///
/// - make this from the text that a scanner returned, and from nothing else;
/// - do not register `FIDO:` as a link that the system opens with the app;
/// - do not take it from the clipboard, from a message or from another app.
///
/// ```
/// # fn scan_with_camera() -> &'static str { "FIDO:/123" }
/// use hawser_phone::ScannedQr;
///
/// match ScannedQr::from_scanner(scan_with_camera()) {
///     Ok(code) => println!("a laptop wants to {:?}", code.invitation().hint()),
///     Err(e) => println!("not a sign-in code: {e}"),
/// }
/// ```
#[derive(Debug)]
pub struct ScannedQr(Invitation);

impl ScannedQr {
    /// Reads the text of a code that a camera saw: `FIDO:/` and digits.
    ///
    /// # Errors
    /// [`QrError`] when it is not an invitation to a hybrid session. Other codes are about as common as
    /// invitations; a scanner that runs continuously should go on.
    pub fn from_scanner(text: &str) -> Result<Self, QrError> {
        Invitation::parse(text).map(Self)
    }

    /// What the code says.
    #[must_use]
    pub fn invitation(&self) -> &Invitation {
        &self.0
    }
}
