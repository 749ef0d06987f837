//! The site without HTTP: every rule of who may do what, when.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use webauthn_rs::prelude::{
    CreationChallengeResponse, PublicKeyCredential, RegisterPublicKeyCredential,
    RequestChallengeResponse, Url, Uuid, Webauthn, WebauthnBuilder,
};
use webauthn_rs_proto::{PublicKeyCredentialHints, ResidentKeyRequirement};

use super::accounts::{Account, Accounts};
use super::passwords::{self, Passwords};
use super::refusal::Refusal;
use super::sessions::{Ceremony, Proved, Sessions};
use super::{
    AccountError, CHALLENGE_LIFE, Clock, MAX_PASSKEYS, MAX_PASSWORD, RP_ID, RP_NAME, SetupError,
    Standing,
};

pub(super) struct Site {
    webauthn: Webauthn,
    origin: Url,
    passwords: Passwords,
    clock: Clock,
    /// Never held while a password is hashed or an answer is verified.
    records: Mutex<Records>,
}

#[derive(Default)]
struct Records {
    accounts: Accounts,
    sessions: Sessions,
}

impl Site {
    pub(super) fn new(origin: &Url, clock: Clock) -> Result<Self, SetupError> {
        let webauthn = WebauthnBuilder::new(RP_ID, origin)
            .and_then(|site| site.rp_name(RP_NAME).timeout(CHALLENGE_LIFE).build())
            .map_err(|source| SetupError::Origin {
                origin: origin.clone(),
                source,
            })?;
        Ok(Self {
            webauthn,
            origin: origin.clone(),
            passwords: Passwords::new().map_err(SetupError::Hash)?,
            clock,
            records: Mutex::default(),
        })
    }

    pub(super) fn origin(&self) -> &Url {
        &self.origin
    }

    pub(super) fn add_account(
        &self,
        name: &str,
        display_name: &str,
        password: &str,
    ) -> Result<(), AccountError> {
        if password.len() > MAX_PASSWORD {
            return Err(AccountError::PasswordTooLong);
        }
        let hash = passwords::hash(password).map_err(AccountError::Hash)?;
        if self.records().accounts.add(name, display_name, hash) {
            Ok(())
        } else {
            Err(AccountError::NameTaken)
        }
    }

    /// Accepts a password: the caller's session, if any, ends, and a new one begins.
    pub(super) async fn accept_password(
        &self,
        cookie: Option<&str>,
        user: &str,
        password: String,
    ) -> Result<(String, Standing), Refusal> {
        if password.len() > MAX_PASSWORD {
            return Err(Refusal::PasswordTooLong);
        }
        let known = {
            let records = self.records();
            let account = records.accounts.by_name(user);
            account.map(|account| (account.id, account.password.clone()))
        };
        let (id, hash) = known.unzip();
        let fits = self.passwords.verify(hash, password).await;
        let id = id.filter(|_| fits).ok_or(Refusal::WrongPassword)?;

        let mut records = self.records();
        let cookie = records.replace_session(cookie, id, Proved::Password, self.clock.now())?;
        let standing = records.standing(&cookie, self.clock.now())?;
        Ok((cookie, standing))
    }

    pub(super) fn begin_registration(
        &self,
        cookie: &str,
    ) -> Result<CreationChallengeResponse, Refusal> {
        let now = self.clock.now();
        let mut records = self.records();
        let (account, proved) = records.owner(cookie, now)?;
        may_register(account, proved)?;
        let (mut options, state) = self
            .webauthn
            .start_passkey_registration(
                account.id,
                &account.name,
                &account.display_name,
                Some(account.passkey_ids()),
            )
            .map_err(Refusal::Fault)?;
        // webauthn-rs spares security keys their little memory; phones keep every passkey anyway.
        if let Some(selection) = &mut options.public_key.authenticator_selection {
            selection.resident_key = Some(ResidentKeyRequirement::Required);
            selection.require_resident_key = true;
        }
        options.public_key.hints = Some(vec![PublicKeyCredentialHints::Hybrid]);
        let ceremony = Ceremony::Registration(state);
        records.sessions.challenge(cookie, ceremony, now)?;
        Ok(options)
    }

    pub(super) fn finish_registration(
        &self,
        cookie: &str,
        answer: &RegisterPublicKeyCredential,
    ) -> Result<Standing, Refusal> {
        let now = self.clock.now();
        let (user, ceremony) = self.records().sessions.take_challenge(cookie, now)?;
        let Ceremony::Registration(state) = ceremony else {
            return Err(Refusal::NoChallenge);
        };
        let passkey = self
            .webauthn
            .finish_passkey_registration(answer, &state)
            .map_err(Refusal::NotVerified)?;

        let mut records = self.records();
        // Asked again: the account may have got its first passkey since the challenge.
        let (account, proved) = records.owner(cookie, now)?;
        may_register(account, proved)?;
        records.accounts.add_passkey(user, passkey)?;
        records.standing(cookie, now)
    }

    pub(super) fn begin_sign_in(&self, cookie: &str) -> Result<RequestChallengeResponse, Refusal> {
        let now = self.clock.now();
        let mut records = self.records();
        let (account, _) = records.owner(cookie, now)?;
        if account.passkey_count() == 0 {
            return Err(Refusal::NoPasskey);
        }
        let (mut options, state) = self
            .webauthn
            .start_passkey_authentication(&account.passkeys())
            .map_err(Refusal::Fault)?;
        options.public_key.hints = Some(vec![PublicKeyCredentialHints::Hybrid]);
        let ceremony = Ceremony::SignIn(state);
        records.sessions.challenge(cookie, ceremony, now)?;
        Ok(options)
    }

    /// Signs in: the session ends and another takes its place.
    pub(super) fn finish_sign_in(
        &self,
        cookie: &str,
        answer: &PublicKeyCredential,
    ) -> Result<(String, Standing), Refusal> {
        let now = self.clock.now();
        let (user, ceremony) = self.records().sessions.take_challenge(cookie, now)?;
        let Ceremony::SignIn(state) = ceremony else {
            return Err(Refusal::NoChallenge);
        };
        let result = self
            .webauthn
            .finish_passkey_authentication(answer, &state)
            .map_err(Refusal::NotVerified)?;
        if !result.user_verified() {
            return Err(Refusal::UserNotVerified);
        }

        let mut records = self.records();
        // Asked again: the owner may have signed out since the challenge.
        records.owner(cookie, now)?;
        records.accounts.record_use(user, &result)?;
        let proved = Proved::PasswordAndPasskey;
        let cookie = records.replace_session(Some(cookie), user, proved, now)?;
        let standing = records.standing(&cookie, now)?;
        Ok((cookie, standing))
    }

    pub(super) fn standing(&self, cookie: &str) -> Result<Standing, Refusal> {
        self.records().standing(cookie, self.clock.now())
    }

    pub(super) fn sign_out(&self, cookie: &str) {
        self.records().sessions.close(cookie);
    }

    /// A panic elsewhere leaves no half-made record behind, so a poisoned lock is still good.
    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Records {
    /// The account behind a cookie and what its owner has proved.
    fn owner(&mut self, cookie: &str, now: SystemTime) -> Result<(&Account, Proved), Refusal> {
        let session = self.sessions.find(cookie, now)?;
        let account = self.accounts.by_id(session.user);
        let account = account.ok_or(Refusal::NoSession)?;
        Ok((account, session.proved))
    }

    fn replace_session(
        &mut self,
        old: Option<&str>,
        user: Uuid,
        proved: Proved,
        now: SystemTime,
    ) -> Result<String, Refusal> {
        if let Some(old) = old {
            self.sessions.close(old);
        }
        self.sessions.open(user, proved, now)
    }

    fn standing(&mut self, cookie: &str, now: SystemTime) -> Result<Standing, Refusal> {
        let (account, proved) = self.owner(cookie, now)?;
        Ok(Standing {
            user: account.name.clone(),
            passkeys: account.passkey_count(),
            signed_in: proved == Proved::PasswordAndPasskey,
        })
    }
}

/// The first passkey comes after the password alone; whoever has one must show it first, so that a
/// stolen password cannot add another.
fn may_register(account: &Account, proved: Proved) -> Result<(), Refusal> {
    if account.passkey_count() > 0 && proved != Proved::PasswordAndPasskey {
        return Err(Refusal::PasskeyNeeded);
    }
    if account.passkey_count() >= MAX_PASSKEYS {
        return Err(Refusal::TooManyPasskeys);
    }
    Ok(())
}
