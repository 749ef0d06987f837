//! The site without HTTP: every rule of who may do what, when.

mod administration;
mod devices;
mod password;
mod registration;
mod sign_in;

use std::time::SystemTime;

use webauthn_rs::prelude::{Url, Webauthn, WebauthnBuilder};

use super::audit::{AuditEntry, AuditEvent};
use super::challenges::{Ceremony, Challenges};
use super::limits::{Limit, Limits};
use super::notes::Notes;
use super::passwords::{self, Passwords};
use super::policy::{Policy, Reach, Requirement};
use super::refusal::Refusal;
use super::store::{Proved, Records, Session, SessionSecret, Store, User};
use super::throttle::Throttle;
use super::{
    AccountError, AccountKind, CHALLENGE_LIFE, MAX_PASSWORD, NewUser, Options, RP_NAME, SetupError,
    Standing,
};

pub(crate) use administration::{Actor, Overview, PersonOverview};
pub(crate) use devices::DeviceList;

/// The site.
pub(crate) struct Site {
    webauthn: Webauthn,
    rp_id: String,
    options: Options,
    passwords: Passwords,
    store: Store,
    challenges: Challenges,
    throttle: Throttle,
    notes: Notes,
    limits: Limits,
}

/// Where somebody stands, as the pages need to know.
#[derive(Debug, Clone)]
pub(crate) struct Situation {
    pub(crate) user: User,
    pub(crate) session: Session,
    pub(crate) devices: usize,
    /// What the policy would want if the user had no device.
    pub(crate) requirement: Requirement,
}

impl Site {
    pub(crate) fn new(options: Options) -> Result<Self, SetupError> {
        let failed = |source| SetupError::Origin {
            origin: options.origin.clone(),
            source,
        };
        let rp_id = options.origin.domain().unwrap_or_default().to_owned();
        let webauthn = WebauthnBuilder::new(&rp_id, &options.origin)
            .and_then(|site| site.rp_name(RP_NAME).timeout(CHALLENGE_LIFE).build())
            .map_err(failed)?;
        let limits = Limits::new().map_err(SetupError::Metrics)?;
        Ok(Self {
            webauthn,
            rp_id,
            passwords: Passwords::new().map_err(SetupError::Hash)?,
            store: Store::open(&options.store, limits.clone()).map_err(SetupError::Store)?,
            challenges: Challenges::default(),
            throttle: Throttle::default(),
            notes: Notes::default(),
            limits,
            options,
        })
    }

    pub(crate) fn origin(&self) -> &Url {
        &self.options.origin
    }

    pub(crate) fn rp_id(&self) -> &str {
        &self.rp_id
    }

    /// Where limits are counted.
    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.options.clock.now()
    }

    pub(crate) fn add_account(&self, name: &str, kind: AccountKind) -> Result<(), AccountError> {
        let added = self
            .store
            .run_here(|records| records.add_account(name, kind));
        taken_unless(added)
    }

    pub(crate) fn add_user(&self, user: &NewUser<'_>) -> Result<(), AccountError> {
        if user.password.len() > MAX_PASSWORD {
            return Err(AccountError::PasswordTooLong);
        }
        let password = passwords::hash(user.password).map_err(AccountError::Hash)?;
        let added = self.store.run_here(|records| {
            if !records.has_account(user.account)? {
                return Ok(None);
            }
            records.add_user(user, &password).map(Some)
        });
        match added {
            Ok(None) => Err(AccountError::NoSuchAccount),
            Ok(Some(added)) => taken_unless(Ok(added)),
            Err(refusal) => taken_unless(Err(refusal)),
        }
    }

    /// Whether there is anybody who could sign in.
    pub(crate) fn has_users(&self) -> Result<bool, AccountError> {
        let users = self.store.run_here(all_users);
        let users = users.map_err(|refusal| AccountError::Records(Box::new(refusal)))?;
        Ok(!users.is_empty())
    }

    pub(crate) async fn standing(&self, secret: &SessionSecret) -> Result<Standing, Refusal> {
        let situation = self.situation(secret).await?;
        Ok(Standing {
            user: situation.user.name,
            passkeys: situation.devices,
            signed_in: situation.session.proved == Proved::Passkey,
        })
    }

    pub(crate) async fn situation(&self, secret: &SessionSecret) -> Result<Situation, Refusal> {
        let (secret, now) = (secret.clone(), self.now());
        self.store
            .run(move |records| records.situation(&secret, now))
            .await
    }

    fn open_challenge(
        &self,
        secret: &SessionSecret,
        ceremony: Ceremony,
        now: SystemTime,
    ) -> Result<(), Refusal> {
        let opened = self.challenges.open(secret, ceremony, now);
        opened.map_err(|refusal| refusal.counted(&self.limits))
    }

    pub(crate) async fn sign_out(&self, secret: &SessionSecret) -> Result<(), Refusal> {
        self.challenges.drop_of(secret);
        let secret = secret.clone();
        self.store
            .run(move |records| records.close_session(&secret))
            .await
    }

    /// What a user did and what was done to them, newest first.
    pub(crate) async fn own_audit(
        &self,
        secret: &SessionSecret,
        most: usize,
    ) -> Result<Vec<AuditEntry>, Refusal> {
        let (secret, now) = (secret.clone(), self.now());
        self.store
            .run(move |records| {
                let situation = records.situation(&secret, now)?;
                situation.signed_in()?;
                records.audit_entries(Some(&situation.user.name), most)
            })
            .await
    }

    /// Keeps a refusal in the audit trail and hands it on, unless the user has filled enough of it.
    /// What was refused itself left nothing.
    async fn note(
        &self,
        refusal: Refusal,
        event: AuditEvent,
        secret: Option<&SessionSecret>,
    ) -> Refusal {
        let (secret, now) = (secret.cloned(), self.now());
        let (detail, notes) = (refusal.to_string(), self.notes.clone());
        let kept = self.store.run(move |records| {
            // Strangers cannot fill the trail: without a session there is nobody to tell about.
            let Some(session) = secret.and_then(|secret| records.session(&secret, now).ok()) else {
                return Ok(());
            };
            let name = records.user(session.user)?.map(|user| user.name);
            let name = name.unwrap_or_default();
            if !notes.have_room(&name, now) {
                records.limits().reached(Limit::Notes);
                return Ok(());
            }
            records.audit(now, &name, event, &name, &detail)
        });
        if let Err(failure) = kept.await {
            failure.log();
        }
        refusal
    }

    /// Keeps in the audit trail that somebody else's page tried to act for this session.
    pub(crate) async fn note_forgery(
        &self,
        refusal: Refusal,
        secret: Option<&SessionSecret>,
    ) -> Refusal {
        self.note(refusal, AuditEvent::ForgedRequest, secret).await
    }
}

impl Records<'_> {
    /// The user behind a cookie, and everything that decides what they may do.
    fn situation(&self, secret: &SessionSecret, now: SystemTime) -> Result<Situation, Refusal> {
        let session = self.session(secret, now)?;
        let user = self.user(session.user)?.ok_or(Refusal::NoSession)?;
        Ok(Situation {
            devices: self.device_count(user.id)?,
            requirement: self.policy()?.requirement(user.reach(), now),
            user,
            session,
        })
    }
}

impl Situation {
    /// Whether every door of the console is open to them.
    pub(crate) fn signed_in(&self) -> Result<(), Refusal> {
        match self.session.proved {
            Proved::Admitted | Proved::Passkey => Ok(()),
            Proved::Password => Err(Refusal::NotSignedIn),
        }
    }

    /// Devices are changed only by somebody who has shown one, so that a stolen password or a
    /// borrowed session cannot.
    fn may_change_devices(&self) -> Result<(), Refusal> {
        if self.owes_a_passkey() {
            return Err(Refusal::PasskeyNeeded);
        }
        Ok(())
    }

    /// Whether the user has a passkey that this session has not seen.
    pub(crate) fn owes_a_passkey(&self) -> bool {
        self.devices > 0 && self.session.proved != Proved::Passkey
    }
}

impl User {
    fn reach(&self) -> Reach {
        Reach {
            population: self.population,
            in_cohort: self.cohort.is_some(),
            grace_began: self.grace_began,
        }
    }

    /// What the policy wants of the user without a device.
    pub(crate) fn requirement(&self, policy: &Policy, now: SystemTime) -> Requirement {
        policy.requirement(self.reach(), now)
    }
}

fn all_users(records: &Records<'_>) -> Result<Vec<User>, Refusal> {
    records.users()
}

fn taken_unless(added: Result<bool, Refusal>) -> Result<(), AccountError> {
    match added {
        Ok(true) => Ok(()),
        Ok(false) => Err(AccountError::NameTaken),
        Err(refusal) => Err(AccountError::Records(Box::new(refusal))),
    }
}
