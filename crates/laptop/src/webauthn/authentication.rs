//! Signing in with a passkey (WebAuthn §5.1.4).

use std::time::Duration;

use passkey_types::webauthn::{PublicKeyCredentialRequestOptions, UserVerificationRequirement};

use crate::ctap::{Assertion, GetAssertion};
use crate::webauthn::client_data::ClientData;
use crate::webauthn::options::{self, OptionsError};
use crate::webauthn::origin::Origin;
use crate::webauthn::response::{self, AuthenticationResponse, ResponseError};

/// A relying party's wish for proof of a passkey, from its options to the response that it verifies.
#[derive(Debug, Clone)]
pub struct Authentication {
    request: GetAssertion,
    client_data: ClientData,
    user_verification_required: bool,
    timeout: Option<Duration>,
}

impl Authentication {
    /// What a relying party wants, on behalf of a page.
    ///
    /// # Errors
    /// [`OptionsError`] when the origin has no right to the relying party id.
    pub fn new(
        options: PublicKeyCredentialRequestOptions,
        origin: &Origin,
    ) -> Result<Self, OptionsError> {
        let client_data = ClientData::get(&options.challenge, origin)?;
        let request = GetAssertion {
            relying_party_id: options::relying_party_id(options.rp_id, origin)?,
            client_data_hash: client_data.hash,
            allow: options::ids(options.allow_credentials),
            verify_user: options::verify_user(options.user_verification),
        };
        Ok(Self {
            request,
            client_data,
            user_verification_required: options.user_verification
                == UserVerificationRequirement::Required,
            timeout: options::timeout(options.timeout),
        })
    }

    /// The same from JSON, with or without the `publicKey` around it.
    ///
    /// # Errors
    /// As [`Authentication::new`], and [`OptionsError::Json`].
    pub fn from_json(json: &str, origin: &Origin) -> Result<Self, OptionsError> {
        Self::new(options::from_json(json)?, origin)
    }

    /// What to ask the phone.
    #[must_use]
    pub fn request(&self) -> &GetAssertion {
        &self.request
    }

    /// How long the relying party would wait. A hint: what a person needs for finding a phone counts
    /// for more.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// The response for the relying party, from the phone's reply (status byte and CBOR).
    ///
    /// # Errors
    /// [`ResponseError`] when the phone refused, its reply is malformed, or it signed something else
    /// than it was asked.
    pub fn response(&self, reply: &[u8]) -> Result<AuthenticationResponse, ResponseError> {
        let assertion = Assertion::parse(reply)?;
        response::check(
            &assertion.authenticator_data,
            &self.request.relying_party_id,
            self.user_verification_required,
        )?;
        let id = self.credential_id(&assertion)?;
        Ok(AuthenticationResponse::new(
            id,
            assertion,
            self.client_data.json.clone(),
        ))
    }

    fn credential_id(&self, assertion: &Assertion) -> Result<Vec<u8>, ResponseError> {
        let allow = &self.request.allow;
        match (&assertion.credential_id, allow.as_slice()) {
            (Some(id), allow) if allow.is_empty() || allow.contains(id) => Ok(id.clone()),
            (None, [only]) => Ok(only.clone()),
            _ => Err(ResponseError::WrongPasskey),
        }
    }
}
