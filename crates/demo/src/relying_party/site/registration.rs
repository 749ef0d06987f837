//! How an account gets a passkey.

use std::time::SystemTime;

use webauthn_rs::prelude::{
    CreationChallengeResponse, Credential, Passkey, RegisterPublicKeyCredential, Uuid,
};
use webauthn_rs_proto::{AuthenticatorTransport, PublicKeyCredentialHints, ResidentKeyRequirement};

use super::{Site, Situation};
use crate::relying_party::audit::AuditEvent;
use crate::relying_party::challenges::Ceremony;
use crate::relying_party::device_name::DeviceName;
use crate::relying_party::refusal::Refusal;
use crate::relying_party::store::{NewDevice, Records, SessionSecret, User};
use crate::relying_party::{MAX_CREDENTIAL_ID, MAX_DEVICES};

impl Site {
    /// Begins a registration. The device's name is checked now, so that nobody scans for nothing.
    pub(crate) async fn begin_registration(
        &self,
        secret: &SessionSecret,
        name: Option<&str>,
    ) -> Result<CreationChallengeResponse, Refusal> {
        let name = name.map(DeviceName::new).transpose();
        let name = name.map_err(|error| Refusal::from(error).counted(&self.limits))?;
        let (now, asked, by) = (self.now(), name.clone(), secret.clone());
        let begun = self.store.run(move |records| {
            let situation = records.situation(&by, now)?;
            situation.may_register()?;
            if let Some(name) = &asked {
                records.free_name(situation.user.id, name)?;
            }
            let devices = records.devices(situation.user.id)?;
            Ok((situation.user, devices))
        });
        let (user, devices) = begun.await?;
        let excluded = devices
            .iter()
            .map(|device| device.passkey.cred_id().clone());
        let (mut options, state) = self
            .webauthn
            .start_passkey_registration(
                user.id,
                &user.name,
                &user.display_name,
                Some(excluded.collect()),
            )
            .map_err(Refusal::Fault)?;
        // webauthn-rs spares security keys their little memory; phones keep every passkey anyway.
        if let Some(selection) = &mut options.public_key.authenticator_selection {
            selection.resident_key = Some(ResidentKeyRequirement::Required);
            selection.require_resident_key = true;
        }
        options.public_key.hints = Some(vec![PublicKeyCredentialHints::Hybrid]);
        let ceremony = Ceremony::Registration { state, name };
        self.open_challenge(secret, ceremony, now)?;
        Ok(options)
    }

    /// Adds the device that answered.
    pub(crate) async fn finish_registration(
        &self,
        secret: &SessionSecret,
        answer: &RegisterPublicKeyCredential,
    ) -> Result<(), Refusal> {
        let finished = self.try_to_register(secret, answer).await;
        match finished {
            Err(refusal) if refusal.status().0.is_client_error() => {
                let event = AuditEvent::RegistrationRefused;
                Err(self.note(refusal, event, Some(secret)).await)
            }
            finished => finished,
        }
    }

    async fn try_to_register(
        &self,
        secret: &SessionSecret,
        answer: &RegisterPublicKeyCredential,
    ) -> Result<(), Refusal> {
        let (now, secret) = (self.now(), secret.clone());
        // A cookie that has ended has no challenge either; the sentence should say the former.
        self.situation(&secret).await?;
        let Ceremony::Registration { state, name } = self.challenges.take(&secret, now)? else {
            return Err(Refusal::NoChallenge);
        };
        let passkey = self
            .webauthn
            .finish_passkey_registration(answer, &state)
            .map_err(Refusal::NotVerified)?;
        if passkey.cred_id().len() > MAX_CREDENTIAL_ID {
            return Err(Refusal::CredentialIdTooLong.counted(&self.limits));
        }
        let credential = Credential::from(passkey.clone());
        if credential.backup_state && !credential.backup_eligible {
            return Err(Refusal::BackedUpButNotEligible);
        }
        let transports = transports(answer.response.transports.as_deref().unwrap_or_default());

        self.store
            .run(move |records| {
                // Asked again: the account may have got its first passkey since the challenge, or
                // its eighth.
                let situation = records.situation(&secret, now)?;
                situation.may_register()?;
                let user = situation.user;
                let new = Registered {
                    passkey: &passkey,
                    backup_eligible: credential.backup_eligible,
                    backed_up: credential.backup_state,
                    transports: &transports,
                    counter: credential.counter,
                };
                records.register(&user, name, &new, now)?;
                if situation.devices == 0 {
                    records.withdraw_admissions_of(user.id, &secret)?;
                }
                Ok(())
            })
            .await
    }
}

impl Situation {
    /// The first passkey comes after the password alone; whoever has one must show it first.
    fn may_register(&self) -> Result<(), Refusal> {
        self.may_change_devices()?;
        if self.devices >= MAX_DEVICES {
            return Err(Refusal::TooManyPasskeys);
        }
        Ok(())
    }
}

/// A passkey that webauthn-rs verified.
struct Registered<'a> {
    passkey: &'a Passkey,
    backup_eligible: bool,
    backed_up: bool,
    transports: &'a [String],
    counter: u32,
}

impl Records<'_> {
    fn register(
        &self,
        user: &User,
        name: Option<DeviceName>,
        new: &Registered<'_>,
        now: SystemTime,
    ) -> Result<(), Refusal> {
        if self.has_credential(new.passkey.cred_id())? {
            return Err(Refusal::AlreadyRegistered);
        }
        let name = match name {
            Some(name) => name,
            None => self.numbered_name(user.id)?,
        };
        self.free_name(user.id, &name)?;
        let device = NewDevice {
            name: &name,
            passkey: new.passkey,
            backup_eligible: new.backup_eligible,
            backed_up: new.backed_up,
            transports: new.transports,
            counter: new.counter,
        };
        self.add_device(user.id, &device, now)?;
        let event = AuditEvent::DeviceRegistered;
        self.audit(now, &user.name, event, &user.name, name.as_str())
    }

    pub(super) fn free_name(&self, user: Uuid, name: &DeviceName) -> Result<(), Refusal> {
        if self.has_device_named(user, name, None)? {
            return Err(Refusal::DeviceNameTaken);
        }
        Ok(())
    }

    /// The first of "Passkey 1", "Passkey 2" and so on that is free.
    fn numbered_name(&self, user: Uuid) -> Result<DeviceName, Refusal> {
        for number in 1..=MAX_DEVICES {
            let name = DeviceName::new(&format!("Passkey {number}"))?;
            if !self.has_device_named(user, &name, None)? {
                return Ok(name);
            }
        }
        Err(Refusal::TooManyPasskeys)
    }
}

/// What the authenticator said about how it can be reached. Words that nobody knows are left out.
fn transports(named: &[AuthenticatorTransport]) -> Vec<String> {
    let mut known: Vec<String> = Vec::new();
    for transport in named {
        let name = transport.as_ref().to_owned();
        if !matches!(transport, AuthenticatorTransport::Unknown) && !known.contains(&name) {
            known.push(name);
        }
    }
    known
}
