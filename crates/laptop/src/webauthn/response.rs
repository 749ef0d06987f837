//! What goes back to the relying party, as JSON (WebAuthn §5.1: `RegistrationResponseJSON` and
//! `AuthenticationResponseJSON`).

use data_encoding::BASE64URL_NOPAD;
use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::ctap::{Assertion, Attestation, AuthenticatorData, ReplyError, reply};

/// Why a phone's reply does not become a response. The phone is at fault, or whoever imitates it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResponseError {
    /// The phone refused, or its reply cannot be read.
    #[error("the phone's reply has no result")]
    Reply(#[from] ReplyError),
    /// The authenticator data is for another relying party.
    #[error("the phone answered for another site")]
    WrongRelyingParty,
    /// Nobody was at the phone.
    #[error("the phone did not ask anybody")]
    UserNotPresent,
    /// The relying party requires that the phone verifies its user, and it did not.
    #[error("the phone did not verify its user")]
    UserNotVerified,
    /// The new passkey's algorithm is not one that was asked for.
    #[error("the phone made a passkey with algorithm {0}, which nobody asked for")]
    WrongAlgorithm(i64),
    /// The passkey that signed is not one that was allowed, or the phone does not say which.
    #[error("the phone signed with a passkey that was not asked for")]
    WrongPasskey,
}

/// What goes back to the relying party (WebAuthn §5.1: `PublicKeyCredential`); serialize it and send it.
///
/// `R` is what the phone said: an [`AttestationResponse`] or an [`AssertionResponse`].
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PublicKeyCredential<R> {
    /// The passkey's id, base64url without padding.
    pub id: String,
    /// The same bytes again.
    #[serde(serialize_with = "base64url")]
    pub raw_id: Vec<u8>,
    /// Always `public-key`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Always `cross-platform`: the phone is not part of this laptop.
    pub authenticator_attachment: &'static str,
    /// What the phone said.
    pub response: R,
    /// The outcome of client extensions.
    pub client_extension_results: ExtensionResults,
}

/// The response to a [`Registration`](crate::webauthn::Registration), with the new passkey's id.
pub type RegistrationResponse = PublicKeyCredential<AttestationResponse>;

/// The response to an [`Authentication`](crate::webauthn::Authentication).
pub type AuthenticationResponse = PublicKeyCredential<AssertionResponse>;

/// What a phone made (WebAuthn §5.2.1).
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AttestationResponse {
    /// The client data whose hash the phone was given.
    #[serde(rename = "clientDataJSON", serialize_with = "base64url")]
    pub client_data_json: Vec<u8>,
    /// The authenticator data, also contained in the attestation object.
    #[serde(serialize_with = "base64url")]
    pub authenticator_data: Vec<u8>,
    /// The attestation object (CBOR).
    #[serde(serialize_with = "base64url")]
    pub attestation_object: Vec<u8>,
    /// The COSE algorithm number of the passkey.
    pub public_key_algorithm: i64,
    /// How the phone can be reached another time.
    pub transports: Vec<String>,
}

/// What a phone signed (WebAuthn §5.2.2).
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AssertionResponse {
    /// The client data whose hash is signed.
    #[serde(rename = "clientDataJSON", serialize_with = "base64url")]
    pub client_data_json: Vec<u8>,
    /// The authenticator data, which is signed.
    #[serde(serialize_with = "base64url")]
    pub authenticator_data: Vec<u8>,
    /// The signature.
    #[serde(serialize_with = "base64url")]
    pub signature: Vec<u8>,
    /// The user handle that the passkey was made with.
    #[serde(
        serialize_with = "optional_base64url",
        skip_serializing_if = "Option::is_none"
    )]
    pub user_handle: Option<Vec<u8>>,
}

/// The outcome of client extensions (WebAuthn §9).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExtensionResults {
    /// `credProps`, when it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cred_props: Option<CredentialProperties>,
}

/// Properties of a new passkey (WebAuthn §10.1.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CredentialProperties {
    /// Whether the passkey is discoverable; `None` when the phone was not asked to make it so,
    /// because it may have done so all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rk: Option<bool>,
}

impl<R> PublicKeyCredential<R> {
    fn of(id: Vec<u8>, response: R, client_extension_results: ExtensionResults) -> Self {
        Self {
            id: BASE64URL_NOPAD.encode(&id),
            raw_id: id,
            kind: "public-key",
            authenticator_attachment: "cross-platform",
            response,
            client_extension_results,
        }
    }
}

impl RegistrationResponse {
    pub(super) fn new(
        attestation: &Attestation,
        attestation_object: Vec<u8>,
        client_data_json: Vec<u8>,
        get_info: Option<&[u8]>,
        discoverable: Option<bool>,
    ) -> Self {
        let credential = attestation.credential();
        let response = AttestationResponse {
            client_data_json,
            authenticator_data: attestation.authenticator_data().as_bytes().to_vec(),
            attestation_object,
            public_key_algorithm: credential.algorithm,
            transports: transports(get_info),
        };
        let results = ExtensionResults {
            cred_props: discoverable.map(|asked| CredentialProperties {
                rk: asked.then_some(true),
            }),
        };
        Self::of(credential.id.clone(), response, results)
    }
}

impl AuthenticationResponse {
    pub(super) fn new(id: Vec<u8>, assertion: Assertion, client_data_json: Vec<u8>) -> Self {
        let response = AssertionResponse {
            client_data_json,
            authenticator_data: assertion.authenticator_data.as_bytes().to_vec(),
            signature: assertion.signature,
            user_handle: assertion.user_handle,
        };
        Self::of(id, response, ExtensionResults::default())
    }
}

/// What a relying party would reject anyway is better reported here, where the phone is at hand.
pub(super) fn check(
    data: &AuthenticatorData,
    relying_party_id: &str,
    user_verification_required: bool,
) -> Result<(), ResponseError> {
    let expected: [u8; 32] = Sha256::digest(relying_party_id).into();
    if data.relying_party_id_hash() != &expected {
        return Err(ResponseError::WrongRelyingParty);
    }
    if !data.user_present() {
        return Err(ResponseError::UserNotPresent);
    }
    if user_verification_required && !data.user_verified() {
        return Err(ResponseError::UserNotVerified);
    }
    Ok(())
}

/// What the phone says, and the way it was just reached: sorted, each once (WebAuthn §5.2.1).
/// Phones of before WebAuthn Level 3 say `cable` for `hybrid`.
fn transports(get_info: Option<&[u8]>) -> Vec<String> {
    let mut transports = get_info.map(reply::transports).unwrap_or_default();
    transports.retain(|transport| transport != "cable");
    transports.push("hybrid".to_owned());
    transports.sort();
    transports.dedup();
    transports
}

fn base64url<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&BASE64URL_NOPAD.encode(bytes))
}

#[expect(clippy::ref_option, reason = "serde passes a reference to the member")]
fn optional_base64url<S: Serializer>(
    bytes: &Option<Vec<u8>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match bytes {
        Some(bytes) => base64url(bytes, serializer),
        None => serializer.serialize_none(),
    }
}
