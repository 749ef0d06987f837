//! The second step of a sign-in: a passkey.

use std::time::SystemTime;

use serde_json::json;
use webauthn_rs::prelude::{
    AuthenticationResult, Passkey, PublicKeyCredential, RequestChallengeResponse, Uuid,
};
use webauthn_rs_proto::{AuthenticatorTransport, PublicKeyCredentialHints};

use super::Site;
use crate::relying_party::audit::AuditEvent;
use crate::relying_party::challenges::Ceremony;
use crate::relying_party::refusal::Refusal;
use crate::relying_party::store::{Device, Proved, Records, SessionSecret};

impl Site {
    /// Begins a sign-in with any of the user's passkeys.
    pub(crate) async fn begin_sign_in(
        &self,
        secret: &SessionSecret,
    ) -> Result<RequestChallengeResponse, Refusal> {
        let (now, by) = (self.now(), secret.clone());
        let devices = self.store.run(move |records| {
            let session = records.session(&by, now)?;
            records.devices(session.user)
        });
        let devices = devices.await?;
        if devices.is_empty() {
            return Err(Refusal::NoPasskey);
        }
        let passkeys: Vec<Passkey> = devices
            .iter()
            .map(|device| device.passkey.clone())
            .collect();
        let (mut options, state) = self
            .webauthn
            .start_passkey_authentication(&passkeys)
            .map_err(Refusal::Fault)?;
        for allowed in &mut options.public_key.allow_credentials {
            let mut same = devices.iter();
            let device = same.find(|device| *device.passkey.cred_id().as_slice() == *allowed.id);
            allowed.transports = device.map(stored_transports).filter(|all| !all.is_empty());
        }
        options.public_key.hints = Some(vec![PublicKeyCredentialHints::Hybrid]);
        self.open_challenge(secret, Ceremony::SignIn(state), now)?;
        Ok(options)
    }

    /// Signs in: the session ends and another takes its place.
    pub(crate) async fn finish_sign_in(
        &self,
        secret: &SessionSecret,
        answer: &PublicKeyCredential,
    ) -> Result<SessionSecret, Refusal> {
        let finished = self.try_to_sign_in(secret, answer).await;
        match finished {
            Err(refusal) if refusal.status().0.is_client_error() => Err(self
                .note(refusal, AuditEvent::PasskeyRefused, Some(secret))
                .await),
            finished => finished,
        }
    }

    async fn try_to_sign_in(
        &self,
        secret: &SessionSecret,
        answer: &PublicKeyCredential,
    ) -> Result<SessionSecret, Refusal> {
        let (now, secret) = (self.now(), secret.clone());
        // Asked first: the owner may have signed out since the challenge.
        self.situation(&secret).await?;
        let Ceremony::SignIn(state) = self.challenges.take(&secret, now)? else {
            return Err(Refusal::NoChallenge);
        };
        let result = self
            .webauthn
            .finish_passkey_authentication(answer, &state)
            .map_err(Refusal::NotVerified)?;
        if !result.user_verified() {
            return Err(Refusal::UserNotVerified);
        }
        if result.backup_state() && !result.backup_eligible() {
            return Err(Refusal::BackedUpButNotEligible);
        }
        self.store
            .run(move |records| {
                let situation = records.situation(&secret, now)?;
                let user = situation.user;
                let device = records.use_device(user.id, &result, now)?;
                records.audit(now, &user.name, AuditEvent::SignedIn, &user.name, &device)?;
                records.replace_session(Some(&secret), user.id, Proved::Passkey, now)
            })
            .await
    }
}

impl Records<'_> {
    /// Records that a passkey of the user was used, and returns the device's name.
    fn use_device(
        &self,
        user: Uuid,
        result: &AuthenticationResult,
        now: SystemTime,
    ) -> Result<String, Refusal> {
        let device = self.device_of_credential(user, result.cred_id())?;
        let mut device = device.ok_or(Refusal::UnknownPasskey)?;
        if result.backup_eligible() != device.backup_eligible {
            return Err(Refusal::BackupEligibilityChanged);
        }
        let counts = result.counter() > 0 || device.counter > 0;
        if counts && result.counter() <= device.counter {
            return Err(Refusal::CounterWentBack);
        }
        device.counter = result.counter();
        device.backed_up = result.backup_state();
        device.passkey.update_credential(result);
        self.record_use(&device, now)?;
        Ok(device.name)
    }
}

fn stored_transports(device: &Device) -> Vec<AuthenticatorTransport> {
    let stored = device.transports.iter();
    stored
        .filter_map(|name| serde_json::from_value(json!(name)).ok())
        .collect()
}
