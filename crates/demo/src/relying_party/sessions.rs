//! Who is at the other end of a cookie, and what they have proved.

use std::collections::HashMap;
use std::time::SystemTime;

use data_encoding::BASE64URL_NOPAD;
use rand_core::{OsRng, RngCore as _};
use webauthn_rs::prelude::{PasskeyAuthentication, PasskeyRegistration, Uuid};

use super::refusal::Refusal;
use super::{CHALLENGE_LIFE, MAX_SESSIONS, SESSION_LIFE};

/// Every session, by the secret in its cookie.
#[derive(Default)]
pub(super) struct Sessions(HashMap<String, Session>);

#[derive(Clone)]
pub(super) struct Session {
    pub(super) user: Uuid,
    pub(super) proved: Proved,
    ends: SystemTime,
    /// At most one challenge is open; a new one replaces it.
    challenge: Option<Challenge>,
}

/// What a session's owner has proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proved {
    Password,
    PasswordAndPasskey,
}

#[derive(Clone)]
struct Challenge {
    ceremony: Ceremony,
    ends: SystemTime,
}

/// A challenge that was sent out: webauthn-rs's part of it.
#[derive(Clone)]
pub(super) enum Ceremony {
    Registration(PasskeyRegistration),
    SignIn(PasskeyAuthentication),
}

impl Sessions {
    /// Opens a session and returns the value of its cookie.
    pub(super) fn open(
        &mut self,
        user: Uuid,
        proved: Proved,
        now: SystemTime,
    ) -> Result<String, Refusal> {
        if self.0.len() >= MAX_SESSIONS {
            self.0.retain(|_, session| now < session.ends);
        }
        if self.0.len() >= MAX_SESSIONS {
            return Err(Refusal::TooManySessions);
        }
        let mut secret = [0; 32];
        OsRng.fill_bytes(&mut secret);
        let cookie = BASE64URL_NOPAD.encode(&secret);
        let session = Session {
            user,
            proved,
            ends: now + SESSION_LIFE,
            challenge: None,
        };
        self.0.insert(cookie.clone(), session);
        Ok(cookie)
    }

    pub(super) fn close(&mut self, cookie: &str) {
        self.0.remove(cookie);
    }

    pub(super) fn find(&mut self, cookie: &str, now: SystemTime) -> Result<&Session, Refusal> {
        self.live(cookie, now).map(|session| &*session)
    }

    /// Opens a challenge; an earlier one of the session is void.
    pub(super) fn challenge(
        &mut self,
        cookie: &str,
        ceremony: Ceremony,
        now: SystemTime,
    ) -> Result<(), Refusal> {
        self.live(cookie, now)?.challenge = Some(Challenge {
            ceremony,
            ends: now + CHALLENGE_LIFE,
        });
        Ok(())
    }

    /// Takes the open challenge: it is good for one answer, whatever comes of it.
    pub(super) fn take_challenge(
        &mut self,
        cookie: &str,
        now: SystemTime,
    ) -> Result<(Uuid, Ceremony), Refusal> {
        let session = self.live(cookie, now)?;
        let challenge = session.challenge.take().ok_or(Refusal::NoChallenge)?;
        if now >= challenge.ends {
            return Err(Refusal::ChallengeExpired);
        }
        Ok((session.user, challenge.ceremony))
    }

    fn live(&mut self, cookie: &str, now: SystemTime) -> Result<&mut Session, Refusal> {
        let session = self.0.get_mut(cookie).ok_or(Refusal::NoSession)?;
        if now >= session.ends {
            return Err(Refusal::NoSession);
        }
        Ok(session)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn sessions_are_bounded_and_expired_ones_make_room() {
        let mut sessions = Sessions::default();
        let (user, start) = (Uuid::new_v4(), SystemTime::UNIX_EPOCH);
        for _ in 0..MAX_SESSIONS {
            sessions.open(user, Proved::Password, start).unwrap();
        }
        let full = sessions.open(user, Proved::Password, start);
        assert!(matches!(full, Err(Refusal::TooManySessions)));

        let later = start + SESSION_LIFE;
        let cookie = sessions.open(user, Proved::Password, later).unwrap();
        assert!(sessions.find(&cookie, later).is_ok());
        assert_eq!(sessions.0.len(), 1);
    }

    #[test]
    fn a_session_ends() {
        let mut sessions = Sessions::default();
        let start = SystemTime::UNIX_EPOCH;
        let cookie = sessions
            .open(Uuid::new_v4(), Proved::Password, start)
            .unwrap();
        let last = start + SESSION_LIFE - Duration::from_secs(1);
        assert!(sessions.find(&cookie, last).is_ok());
        let over = sessions.find(&cookie, start + SESSION_LIFE);
        assert!(matches!(over, Err(Refusal::NoSession)));
    }
}
