//! Challenges that were sent out and not answered yet.
//!
//! They are in memory only: webauthn-rs does not want its part of them stored, and after a restart
//! a person begins again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use webauthn_rs::prelude::{PasskeyAuthentication, PasskeyRegistration};

use super::device_name::DeviceName;
use super::refusal::Refusal;
use super::store::SessionSecret;
use super::{CHALLENGE_LIFE, MAX_SESSIONS};

/// At most one for each session; a new one replaces it.
#[derive(Default)]
pub(super) struct Challenges(Mutex<HashMap<SessionSecret, Challenge>>);

struct Challenge {
    ceremony: Ceremony,
    ends: SystemTime,
}

/// webauthn-rs's part of a challenge, and what it is for.
pub(super) enum Ceremony {
    Registration {
        state: PasskeyRegistration,
        /// What the device shall be called; without one it is numbered.
        name: Option<DeviceName>,
    },
    SignIn(PasskeyAuthentication),
}

impl Challenges {
    pub(super) fn open(
        &self,
        session: &SessionSecret,
        ceremony: Ceremony,
        now: SystemTime,
    ) -> Result<(), Refusal> {
        let mut open = self.open_ones();
        if open.len() >= MAX_SESSIONS {
            open.retain(|_, challenge| now < challenge.ends);
        }
        if open.len() >= MAX_SESSIONS && !open.contains_key(session) {
            return Err(Refusal::TooManySessions);
        }
        let ends = now + CHALLENGE_LIFE;
        open.insert(session.clone(), Challenge { ceremony, ends });
        Ok(())
    }

    /// Takes the open challenge: it is good for one answer, whatever comes of it.
    pub(super) fn take(
        &self,
        session: &SessionSecret,
        now: SystemTime,
    ) -> Result<Ceremony, Refusal> {
        let challenge = self.open_ones().remove(session);
        let challenge = challenge.ok_or(Refusal::NoChallenge)?;
        if now >= challenge.ends {
            return Err(Refusal::ChallengeExpired);
        }
        Ok(challenge.ceremony)
    }

    pub(super) fn drop_of(&self, session: &SessionSecret) {
        self.open_ones().remove(session);
    }

    /// A panic elsewhere leaves no half-made challenge behind, so a poisoned lock is still good.
    fn open_ones(&self) -> MutexGuard<'_, HashMap<SessionSecret, Challenge>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
