//! A small relying party: it makes challenges and verifies answers, with webauthn-rs.

use hawser_laptop::webauthn::Origin;
use serde::de::DeserializeOwned;
use serde_json::Value;
use webauthn_rs::prelude::{
    PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential,
    Url, Webauthn, WebauthnBuilder, WebauthnError,
};

use super::account::Account;
use crate::ending::Failure;

/// The relying party of one origin.
pub(super) struct RelyingParty {
    webauthn: Webauthn,
    rp_id: String,
}

/// Verifies the answer to one challenge.
pub(super) struct Verifier {
    party: RelyingParty,
    account: Account,
    challenge: Challenge,
}

enum Challenge {
    Registration(Box<PasskeyRegistration>),
    Authentication(Box<PasskeyAuthentication>),
}

impl RelyingParty {
    pub(super) fn new(origin: &Origin, rp_id: Option<&str>) -> Result<Self, Failure> {
        let rp_id = rp_id.unwrap_or(origin.domain());
        if !origin.may_use(rp_id) {
            let words = format!("{origin} may not use passkeys of {rp_id:?}");
            return Err(Failure::wrong(&words).about("--rp-id"));
        }
        let url = Url::parse(&origin.to_string())
            .map_err(|error| Failure::malformed(&error).about("--origin"))?;
        let webauthn = WebauthnBuilder::new(rp_id, &url)
            .and_then(WebauthnBuilder::build)
            .map_err(|error| Failure::malformed(&error).about("--origin"))?;
        Ok(Self {
            webauthn,
            rp_id: rp_id.to_owned(),
        })
    }

    /// The options as JSON, and who verifies the answer.
    pub(super) fn begin_registration(
        self,
        account: Account,
    ) -> Result<(String, Verifier), Failure> {
        account.check(&self.rp_id)?;
        let user = account.user();
        let (options, challenge) = self
            .webauthn
            .start_passkey_registration(account.user_id(), user, user, account.passkey_ids())
            .map_err(|error| unverified(&error))?;
        let options = serde_json::to_string(&options).map_err(|error| Failure::failed(&error))?;
        let challenge = Challenge::Registration(Box::new(challenge));
        Ok((options, Verifier::new(self, account, challenge)))
    }

    /// The options as JSON, and who verifies the answer.
    pub(super) fn begin_authentication(
        self,
        account: Account,
    ) -> Result<(String, Verifier), Failure> {
        account.check(&self.rp_id)?;
        let (options, challenge) = self
            .webauthn
            .start_passkey_authentication(account.passkeys())
            .map_err(|error| unverified(&error))?;
        let options = serde_json::to_string(&options).map_err(|error| Failure::failed(&error))?;
        let challenge = Challenge::Authentication(Box::new(challenge));
        Ok((options, Verifier::new(self, account, challenge)))
    }
}

impl Verifier {
    fn new(party: RelyingParty, account: Account, challenge: Challenge) -> Self {
        Self {
            party,
            account,
            challenge,
        }
    }

    /// Verifies the answer and keeps what it teaches. Returns what can be said to the user.
    pub(super) fn verify(mut self, response: &Value) -> Result<String, Failure> {
        let webauthn = &self.party.webauthn;
        let rp_id = self.party.rp_id.clone();
        let user = self.account.user().to_owned();
        match &self.challenge {
            Challenge::Registration(challenge) => {
                let answer: RegisterPublicKeyCredential = read(response)?;
                let passkey = webauthn
                    .finish_passkey_registration(&answer, challenge)
                    .map_err(|error| unverified(&error))?;
                self.account.add(&rp_id, passkey)?;
                Ok(format!("{user} has a passkey for {rp_id} now."))
            }
            Challenge::Authentication(challenge) => {
                let answer: PublicKeyCredential = read(response)?;
                let result = webauthn
                    .finish_passkey_authentication(&answer, challenge)
                    .map_err(|error| unverified(&error))?;
                self.account.record_use(&result)?;
                Ok(format!("{user} is signed in to {rp_id}."))
            }
        }
    }
}

fn read<T: DeserializeOwned>(response: &Value) -> Result<T, Failure> {
    T::deserialize(response).map_err(|error| Failure::failed(&error))
}

fn unverified(error: &WebauthnError) -> Failure {
    Failure::failed(error).about("the relying party does not accept the answer")
}
