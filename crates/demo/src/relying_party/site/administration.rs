//! What administrators do: the policy, its roll-out, resets, and the audit trail.

use std::time::{Duration, SystemTime};

use super::Site;
use crate::relying_party::audit::{AuditEntry, AuditEvent, COMMAND_LINE};
use crate::relying_party::policy::{Cohort, CohortSize, Mode, Policy, Population, Requirement};
use crate::relying_party::refusal::Refusal;
use crate::relying_party::store::{Records, SessionSecret, User};

/// Who administrates.
#[derive(Debug, Clone)]
pub(crate) enum Actor {
    /// Somebody who is signed in, and must be an administrator.
    Session(SessionSecret),
    /// Whoever may write the site's records.
    CommandLine,
}

/// How far the roll-out is.
#[derive(Debug, Clone)]
pub(crate) struct Overview {
    pub(crate) policy: Policy,
    pub(crate) cohorts: Vec<Cohort>,
    pub(crate) people: Vec<PersonOverview>,
}

/// One user of the overview.
#[derive(Debug, Clone)]
pub(crate) struct PersonOverview {
    pub(crate) user: User,
    pub(crate) devices: usize,
    pub(crate) requirement: Requirement,
}

impl Site {
    /// The policy, and every user with what it means for them.
    pub(crate) async fn overview(&self, actor: Actor) -> Result<Overview, Refusal> {
        let now = self.now();
        self.store
            .run(move |records| {
                records.administrator(&actor, now)?;
                let policy = records.policy()?;
                let people = records.users()?.into_iter().map(|user| {
                    Ok(PersonOverview {
                        devices: records.device_count(user.id)?,
                        requirement: user.requirement(&policy, now),
                        user,
                    })
                });
                Ok(Overview {
                    people: people.collect::<Result<_, Refusal>>()?,
                    cohorts: records.cohorts()?,
                    policy,
                })
            })
            .await
    }

    pub(crate) async fn set_mode(
        &self,
        actor: Actor,
        population: Population,
        mode: Mode,
    ) -> Result<(), Refusal> {
        let now = self.now();
        self.store
            .run(move |records| {
                let by = records.administrator(&actor, now)?;
                let old = records.policy()?.mode(population);
                records.set_mode(population, mode)?;
                let detail = format!("{}: {old} \u{2192} {mode}", population.title());
                records.audit(now, &by, AuditEvent::PolicyChanged, "", &detail)
            })
            .await
    }

    /// Changes the length of the grace period, also of those that run.
    pub(crate) async fn set_grace(&self, actor: Actor, days: u32) -> Result<(), Refusal> {
        if !(1..=365).contains(&days) {
            return Err(Refusal::GracePeriod);
        }
        let now = self.now();
        self.store
            .run(move |records| {
                let by = records.administrator(&actor, now)?;
                records.set_grace(Duration::from_hours(24) * days)?;
                let detail = format!("{days} days");
                records.audit(now, &by, AuditEvent::GraceChanged, "", &detail)
            })
            .await
    }

    /// Brings the next users under the policy; returns how many.
    pub(crate) async fn add_cohort(
        &self,
        actor: Actor,
        size: CohortSize,
    ) -> Result<usize, Refusal> {
        let now = self.now();
        self.store
            .run(move |records| {
                let by = records.administrator(&actor, now)?;
                let users = records.users()?;
                let most = size.of(users.len());
                let next = users.iter().filter(|user| user.cohort.is_none());
                let next: Vec<_> = next.take(most).map(|user| user.id).collect();
                if next.is_empty() {
                    return Err(Refusal::RolloutComplete);
                }
                let number = records.add_cohort(&next, now)?;
                let count = next.len();
                let detail = format!("cohort {number}: {}", CohortSize::Users(count));
                records.audit(now, &by, AuditEvent::CohortAdded, "", &detail)?;
                Ok(count)
            })
            .await
    }

    /// Turns the kill switch on: nobody is asked for anything that they do not have. Whoever has a
    /// device still has to show it.
    pub(crate) async fn suspend(&self, actor: Actor) -> Result<(), Refusal> {
        let now = self.now();
        self.store
            .run(move |records| {
                let by = records.administrator(&actor, now)?;
                if records.policy()?.suspended_since.is_some() {
                    return Ok(());
                }
                records.set_suspended(Some(now))?;
                records.audit(now, &by, AuditEvent::EnforcementSuspended, "", "")
            })
            .await
    }

    /// Turns the kill switch off. Grace periods stood still meanwhile.
    pub(crate) async fn resume(&self, actor: Actor) -> Result<(), Refusal> {
        let now = self.now();
        self.store
            .run(move |records| {
                let by = records.administrator(&actor, now)?;
                let Some(since) = records.policy()?.suspended_since else {
                    return Ok(());
                };
                records.lengthen_grace_periods(now.duration_since(since).unwrap_or_default())?;
                records.set_suspended(None)?;
                records.audit(now, &by, AuditEvent::EnforcementResumed, "", "")
            })
            .await
    }

    /// Deletes all devices of somebody who lost them, and ends their sessions. Returns how many
    /// devices there were.
    pub(crate) async fn reset_mfa(&self, actor: Actor, name: &str) -> Result<usize, Refusal> {
        let (name, now) = (name.to_owned(), self.now());
        self.store
            .run(move |records| {
                let by = records.administrator(&actor, now)?;
                if by == name {
                    return Err(Refusal::NotForOneself);
                }
                let user = records.user_named(&name)?.ok_or(Refusal::NoSuchUser)?;
                let devices = records.delete_devices(user.id)?;
                records.close_sessions_of(user.id)?;
                let detail = match devices {
                    1 => "1 device deleted".to_owned(),
                    devices => format!("{devices} devices deleted"),
                };
                records.audit(now, &by, AuditEvent::MfaReset, &name, &detail)?;
                Ok(devices)
            })
            .await
    }

    /// Keeps in the audit trail that the clock was set forward: what follows looks later than it is.
    /// `before` is the time before that, since sessions end by the clock.
    pub(crate) async fn note_clock(
        &self,
        actor: Actor,
        days: u32,
        before: SystemTime,
    ) -> Result<(), Refusal> {
        self.store
            .run(move |records| {
                let by = records.administrator(&actor, before)?;
                let detail = format!("{days} days");
                records.audit(before, &by, AuditEvent::ClockSetForward, "", &detail)
            })
            .await
    }

    /// The audit trail, newest first; with a name, what concerns that user.
    pub(crate) async fn audit_trail(
        &self,
        actor: Actor,
        user: Option<String>,
        most: usize,
    ) -> Result<Vec<AuditEntry>, Refusal> {
        let now = self.now();
        self.store
            .run(move |records| {
                records.administrator(&actor, now)?;
                records.audit_entries(user.as_deref(), most)
            })
            .await
    }
}

impl Records<'_> {
    /// The name under which the actor stands in the audit trail, if they may administrate.
    fn administrator(&self, actor: &Actor, now: SystemTime) -> Result<String, Refusal> {
        match actor {
            Actor::CommandLine => Ok(COMMAND_LINE.to_owned()),
            Actor::Session(secret) => {
                let situation = self.situation(secret, now)?;
                situation.signed_in()?;
                // A password is not enough to reset others, where a passkey has been registered.
                if situation.owes_a_passkey() {
                    return Err(Refusal::NotSignedIn);
                }
                if situation.user.administrator {
                    Ok(situation.user.name)
                } else {
                    Err(Refusal::NotAdministrator)
                }
            }
        }
    }
}
