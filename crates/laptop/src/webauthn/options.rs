//! What both kinds of options have in common.

use std::time::Duration;

use passkey_types::webauthn::{
    PublicKeyCredentialDescriptor, PublicKeyCredentialType, UserVerificationRequirement,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::webauthn::origin::Origin;

/// Why a relying party's options cannot be carried out. The relying party is at fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OptionsError {
    /// The options are not the JSON that WebAuthn describes (WebAuthn §5.1.8).
    #[error("the options are not WebAuthn JSON")]
    Json(#[from] serde_json::Error),
    /// The page's origin has no right to the relying party id.
    #[error("{origin} may not use passkeys of {relying_party_id:?}")]
    RelyingPartyId {
        /// What the options ask for.
        relying_party_id: String,
        /// Who asks.
        origin: String,
    },
    /// None of the wanted algorithms is one of public keys.
    #[error("the options name no usable algorithm")]
    NoAlgorithm,
    /// The user handle is empty or too long.
    #[error("a user id has 1 to 64 bytes, this one {0}")]
    UserId(usize),
}

/// Reads options as they are passed to `navigator.credentials` (under `publicKey`) or by themselves.
pub(super) fn from_json<T: DeserializeOwned>(json: &str) -> Result<T, OptionsError> {
    #[derive(Deserialize)]
    struct Wrapped<T> {
        #[serde(rename = "publicKey")]
        options: T,
    }
    let value: serde_json::Value = serde_json::from_str(json)?;
    if value.get("publicKey").is_some() {
        Ok(serde_json::from_value::<Wrapped<T>>(value)?.options)
    } else {
        Ok(serde_json::from_value(value)?)
    }
}

/// The relying party id: the one that is asked for, or else the origin's domain.
pub(super) fn relying_party_id(
    asked: Option<String>,
    origin: &Origin,
) -> Result<String, OptionsError> {
    let relying_party_id = asked.unwrap_or_else(|| origin.domain().to_owned());
    if origin.may_use(&relying_party_id) {
        return Ok(relying_party_id);
    }
    Err(OptionsError::RelyingPartyId {
        relying_party_id,
        origin: origin.to_string(),
    })
}

/// The ids in a list of descriptors. Kinds other than `public-key` are for other authenticators.
pub(super) fn ids(descriptors: Option<Vec<PublicKeyCredentialDescriptor>>) -> Vec<Vec<u8>> {
    let descriptors = descriptors.unwrap_or_default();
    descriptors
        .into_iter()
        .filter(|descriptor| descriptor.ty == PublicKeyCredentialType::PublicKey)
        .map(|descriptor| descriptor.id.into())
        .collect()
}

/// Phones always can verify their user, so what is preferred is done.
pub(super) fn verify_user(requirement: UserVerificationRequirement) -> bool {
    !matches!(requirement, UserVerificationRequirement::Discouraged)
}

pub(super) fn timeout(milliseconds: Option<u32>) -> Option<Duration> {
    milliseconds.map(|milliseconds| Duration::from_millis(milliseconds.into()))
}
