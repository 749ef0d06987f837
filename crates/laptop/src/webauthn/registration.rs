//! Making a passkey (WebAuthn §5.1.3).

use std::time::Duration;

use passkey_crypto::iana::EnumI64 as _;
use passkey_types::webauthn::{
    AttestationConveyancePreference, AuthenticatorSelectionCriteria,
    PublicKeyCredentialCreationOptions, PublicKeyCredentialParameters, PublicKeyCredentialRpEntity,
    PublicKeyCredentialType, ResidentKeyRequirement, UserVerificationRequirement,
};

use crate::ctap::{Attestation, MakeCredential, RelyingParty, User};
use crate::webauthn::client_data::ClientData;
use crate::webauthn::options::{self, OptionsError};
use crate::webauthn::origin::Origin;
use crate::webauthn::response::{self, RegistrationResponse, ResponseError};

/// A relying party's wish for a new passkey, from its options to the response that it verifies.
#[derive(Debug, Clone)]
pub struct Registration {
    request: MakeCredential,
    client_data: ClientData,
    user_verification_required: bool,
    attestation_wanted: bool,
    credential_properties_wanted: bool,
    timeout: Option<Duration>,
}

impl Registration {
    /// What a relying party wants, on behalf of a page.
    ///
    /// # Errors
    /// [`OptionsError`] when the origin has no right to the relying party id, or the options contradict
    /// the specification.
    pub fn new(
        options: PublicKeyCredentialCreationOptions,
        origin: &Origin,
    ) -> Result<Self, OptionsError> {
        let selection = options.authenticator_selection.unwrap_or_default();
        let client_data = ClientData::create(&options.challenge, origin)?;
        let user_id: Vec<u8> = options.user.id.into();
        if !(1..=64).contains(&user_id.len()) {
            return Err(OptionsError::UserId(user_id.len()));
        }
        let request = MakeCredential {
            client_data_hash: client_data.hash,
            relying_party: relying_party(options.rp, origin)?,
            user: User {
                id: user_id,
                name: options.user.name,
                display_name: options.user.display_name,
            },
            algorithms: algorithms(options.pub_key_cred_params)?,
            exclude: options::ids(options.exclude_credentials),
            discoverable: discoverable(&selection),
            verify_user: options::verify_user(selection.user_verification),
        };
        Ok(Self {
            request,
            client_data,
            user_verification_required: selection.user_verification
                == UserVerificationRequirement::Required,
            attestation_wanted: options.attestation != AttestationConveyancePreference::None,
            credential_properties_wanted: options
                .extensions
                .and_then(|extensions| extensions.cred_props)
                .unwrap_or(false),
            timeout: options::timeout(options.timeout),
        })
    }

    /// The same from JSON, with or without the `publicKey` around it.
    ///
    /// # Errors
    /// As [`Registration::new`], and [`OptionsError::Json`].
    pub fn from_json(json: &str, origin: &Origin) -> Result<Self, OptionsError> {
        Self::new(options::from_json(json)?, origin)
    }

    /// What to ask the phone.
    #[must_use]
    pub fn request(&self) -> &MakeCredential {
        &self.request
    }

    /// How long the relying party would wait. A hint: what a person needs for finding a phone counts
    /// for more.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// The response for the relying party, from the phone's reply (status byte and CBOR) and the
    /// `authenticatorGetInfo` reply, if there is one.
    ///
    /// # Errors
    /// [`ResponseError`] when the phone refused, its reply is malformed, or it did something else than
    /// it was asked.
    pub fn response(
        &self,
        reply: &[u8],
        get_info: Option<&[u8]>,
    ) -> Result<RegistrationResponse, ResponseError> {
        let attestation = Attestation::parse(reply)?;
        response::check(
            attestation.authenticator_data(),
            &self.request.relying_party.id,
            self.user_verification_required,
        )?;
        let algorithm = attestation.credential().algorithm;
        if !self.request.algorithms.contains(&algorithm) {
            return Err(ResponseError::WrongAlgorithm(algorithm));
        }
        let object = if self.attestation_wanted {
            attestation.object()
        } else {
            attestation.object_without_statement()
        };
        Ok(RegistrationResponse::new(
            &attestation,
            object,
            self.client_data.json.clone(),
            get_info,
            self.credential_properties_wanted
                .then_some(self.request.discoverable),
        ))
    }
}

/// A site without a name is called by its id, because phones show (and iPhones demand) one.
fn relying_party(
    rp: PublicKeyCredentialRpEntity,
    origin: &Origin,
) -> Result<RelyingParty, OptionsError> {
    let id = options::relying_party_id(rp.id, origin)?;
    let name = if rp.name.is_empty() {
        id.clone()
    } else {
        rp.name
    };
    Ok(RelyingParty { id, name })
}

/// No parameters at all means the two that the specification names.
fn algorithms(parameters: Vec<PublicKeyCredentialParameters>) -> Result<Vec<i64>, OptionsError> {
    let parameters = if parameters.is_empty() {
        PublicKeyCredentialParameters::default_algorithms()
    } else {
        parameters
    };
    let algorithms: Vec<i64> = parameters
        .into_iter()
        .filter(|parameter| parameter.ty == PublicKeyCredentialType::PublicKey)
        .map(|parameter| parameter.alg.to_i64())
        .collect();
    if algorithms.is_empty() {
        return Err(OptionsError::NoAlgorithm);
    }
    Ok(algorithms)
}

/// What is preferred is done: every phone can keep discoverable passkeys.
fn discoverable(selection: &AuthenticatorSelectionCriteria) -> bool {
    match selection.resident_key {
        Some(ResidentKeyRequirement::Required | ResidentKeyRequirement::Preferred) => true,
        Some(ResidentKeyRequirement::Discouraged) => false,
        None => selection.require_resident_key,
    }
}
