//! Replies of phones to a laptop: a result or an error.

use std::sync::LazyLock;

use hawser_laptop::ctap::{Assertion, Attestation};
use hawser_laptop::webauthn::{Authentication, Origin, Registration};

static ORIGIN: LazyLock<Origin> =
    LazyLock::new(|| "https://example.com".parse().expect("an origin"));

static REGISTRATION: LazyLock<Registration> = LazyLock::new(|| {
    let options = r#"{"rp": {"name": "Example", "id": "example.com"}, "user": {"id": "Ym9i", "name": "bob", "displayName": "Bob"},
        "challenge": "AAECAwQFBgcICQoLDA0ODw", "pubKeyCredParams": []}"#;
    Registration::from_json(options, &ORIGIN).expect("options")
});

static AUTHENTICATION: LazyLock<Authentication> = LazyLock::new(|| {
    let options = r#"{"challenge": "AAECAwQFBgcICQoLDA0ODw", "rpId": "example.com"}"#;
    Authentication::from_json(options, &ORIGIN).expect("options")
});

/// One case of this target; a panic is a find.
pub fn run(reply: &[u8]) {
    if let Ok(attestation) = Attestation::parse(reply) {
        let (whole, bare) = (attestation.object(), attestation.object_without_statement());
        assert!(!whole.is_empty() && !bare.is_empty());
    }
    if let Ok(assertion) = Assertion::parse(reply) {
        assert!(assertion.authenticator_data.as_bytes().len() >= 37);
    }
    // The introduction of the same stranger.
    let _ = REGISTRATION.response(reply, Some(reply));
    let _ = AUTHENTICATION.response(reply);
    if let Ok(options) = str::from_utf8(reply) {
        let _ = Registration::from_json(options, &ORIGIN);
        let _ = Authentication::from_json(options, &ORIGIN);
    }
}
