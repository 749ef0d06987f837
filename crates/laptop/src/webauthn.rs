//! WebAuthn on top of CTAP: what a browser does between a web page and an authenticator.
//!
//! A relying party sends options as JSON; [`Registration`] and [`Authentication`] turn them into a
//! CTAP request for the phone, and its reply into the JSON that the relying party verifies
//! (WebAuthn Level 3 §5.1.3 and §5.1.4).
//!
//! ```
//! use hawser_laptop::webauthn::{Authentication, Origin};
//!
//! let origin: Origin = "https://login.example.com".parse()?;
//! let options = r#"{"publicKey": {"challenge": "AAECAwQFBgcICQoLDA0ODw", "rpId": "example.com"}}"#;
//! let ceremony = Authentication::from_json(options, &origin)?;
//! assert_eq!(ceremony.request().relying_party_id, "example.com");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What is left out: client extensions other than `credProps` are ignored, as the specification
//! allows; related origin requests (§5.11) are refused, because they need a web request.

mod authentication;
mod client_data;
mod options;
mod origin;
mod registration;
mod response;

pub use authentication::Authentication;
pub use options::OptionsError;
pub use origin::{Origin, OriginError};
pub use passkey_types::webauthn::{
    PublicKeyCredentialCreationOptions, PublicKeyCredentialRequestOptions,
};
pub use registration::Registration;
pub use response::{
    AssertionResponse, AttestationResponse, AuthenticationResponse, CredentialProperties,
    ExtensionResults, PublicKeyCredential, RegistrationResponse, ResponseError,
};
