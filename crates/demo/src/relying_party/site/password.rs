//! The first step: the password, and whether it is enough.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use super::{Site, Situation};
use crate::relying_party::MAX_PASSWORD;
use crate::relying_party::audit::AuditEvent;
use crate::relying_party::limits::Limit;
use crate::relying_party::notes::Notes;
use crate::relying_party::policy::{Mode, Requirement};
use crate::relying_party::refusal::Refusal;
use crate::relying_party::store::{Proved, Records, SessionSecret, User};

impl Site {
    /// Accepts a password: the caller's session, if any, ends, and a new one begins.
    pub(crate) async fn accept_password(
        &self,
        old: Option<SessionSecret>,
        client: Option<IpAddr>,
        name: String,
        password: String,
    ) -> Result<SessionSecret, Refusal> {
        if password.len() > MAX_PASSWORD {
            return Err(Refusal::PasswordTooLong.counted(&self.limits));
        }
        let now = self.now();
        self.throttle.count(client, now, &self.limits)?;
        let asked = name.clone();
        let known = self.store.run(move |records| {
            if let Some(until) = records.locked_until(&asked, now)? {
                return Err(locked_out(until, now));
            }
            // Counted before it is checked, so that many at once are no more than one after another.
            let locks = records.count_guess(&asked, now)?;
            Ok((records.password_of(&asked)?, locks))
        });
        let (known, locks) = known.await?;
        let (user, hash) = known.unzip();
        let fits = self.passwords.verify(hash, password).await;
        let Some(user) = user.filter(|_| fits) else {
            let notes = self.notes.clone();
            self.store
                .run(move |records| records.wrong_password(&name, locks, &notes, now))
                .await?;
            return Err(Refusal::WrongPassword);
        };
        self.store
            .run(move |records| {
                records.forget_guesses(&name)?;
                let user = records.user(user)?.ok_or(Refusal::WrongPassword)?;
                records.begin_grace_if_due(&user, now)?;
                records.replace_session(old.as_ref(), user.id, Proved::Password, now)
            })
            .await
    }

    /// Lets somebody in with the password alone, where they have no device and the policy permits:
    /// their session ends and another takes its place.
    pub(crate) async fn admit(&self, secret: &SessionSecret) -> Result<SessionSecret, Refusal> {
        let (secret, now) = (secret.clone(), self.now());
        self.store
            .run(move |records| {
                let situation = records.situation(&secret, now)?;
                let event = situation.admission()?;
                let (id, name) = (situation.user.id, situation.user.name);
                records.audit(now, &name, event, &name, "")?;
                records.replace_session(Some(&secret), id, Proved::Admitted, now)
            })
            .await
    }
}

impl Situation {
    /// How an admission without a passkey is recorded, if there is one.
    fn admission(&self) -> Result<AuditEvent, Refusal> {
        if self.devices > 0 {
            return Err(Refusal::PasskeyNeeded);
        }
        match self.requirement {
            Requirement::Nothing => Ok(AuditEvent::AdmittedWithoutMfa),
            Requirement::Advised | Requirement::Due(_) => Ok(AuditEvent::Skipped),
            Requirement::Mandatory => Err(Refusal::MfaMandatory),
        }
    }
}

impl Records<'_> {
    /// Keeps in the audit trail that a password was wrong, and whether it was one too many. The
    /// same work whether the user exists or not.
    ///
    /// The lock-out bounds what a user's name may add to the trail. Invented names have no such bound,
    /// so beyond a count the refusal rolls back what was written.
    fn wrong_password(
        &self,
        name: &str,
        locks: bool,
        notes: &Notes,
        now: SystemTime,
    ) -> Result<(), Refusal> {
        let known = self.user_named(name)?.map(|user| user.name);
        let detail = if known.is_some() {
            ""
        } else {
            "for a name that nobody has"
        };
        let stranger = known.is_none();
        let subject = known.unwrap_or_default();
        self.audit(now, "", AuditEvent::WrongPassword, &subject, detail)?;
        if locks {
            self.audit(now, "", AuditEvent::LockedOut, &subject, detail)?;
        }
        if stranger && !notes.have_room("", now) {
            self.limits().reached(Limit::Notes);
            return Err(Refusal::WrongPassword);
        }
        Ok(())
    }

    /// The grace period is counted from the first sign-in under the policy.
    fn begin_grace_if_due(&self, user: &User, now: SystemTime) -> Result<(), Refusal> {
        let policy = self.policy()?;
        if user.grace_began.is_some() || policy.mode_for(user.reach()) != Mode::Grace {
            return Ok(());
        }
        self.begin_grace(user.id, now)?;
        let days = policy.grace.as_secs() / DAY.as_secs();
        let detail = format!("{days} days");
        self.audit(now, &user.name, AuditEvent::GraceBegan, &user.name, &detail)
    }
}

fn locked_out(until: SystemTime, now: SystemTime) -> Refusal {
    let left = until.duration_since(now).unwrap_or_default();
    Refusal::LockedOut { left }
}

const DAY: Duration = Duration::from_hours(24);
