//! Who is at the other end of a cookie, and what they have proved.

use std::fmt;
use std::time::SystemTime;

use data_encoding::BASE64URL_NOPAD;
use rand_core::{OsRng, RngCore as _};
use rusqlite::{OptionalExtension as _, params};
use sha2::{Digest as _, Sha256};
use webauthn_rs::prelude::Uuid;

use super::users::uuid;
use super::{Records, stored};
use crate::relying_party::limits::Limit;
use crate::relying_party::refusal::Refusal;
use crate::relying_party::{MAX_SESSIONS, MAX_SESSIONS_OF_USER, SESSION_LIFE};

/// The value of a session cookie. Whether it stands for a session is for the records to say.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct SessionSecret(String);

#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) user: Uuid,
    pub(crate) proved: Proved,
    /// What forms of this session carry, so that no other page can make them.
    pub(crate) form_token: String,
}

/// What a session's owner has proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proved {
    /// The password, on the way to more.
    Password,
    /// The password, and the policy lets them in with that.
    Admitted,
    /// The password and a passkey.
    Passkey,
}

impl SessionSecret {
    pub(crate) fn from_cookie(value: &str) -> Self {
        Self(value.to_owned())
    }

    pub(crate) fn as_cookie(&self) -> &str {
        &self.0
    }

    fn fresh() -> Self {
        Self(random())
    }

    /// What is stored: whoever reads the file cannot take over a session.
    fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.0.as_bytes()).to_vec()
    }
}

impl fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionSecret")
    }
}

impl Records<'_> {
    /// Opens a session; the earlier one of the same browser ends.
    pub(crate) fn replace_session(
        &self,
        old: Option<&SessionSecret>,
        user: Uuid,
        proved: Proved,
        now: SystemTime,
    ) -> Result<SessionSecret, Refusal> {
        if let Some(old) = old {
            self.close_session(old)?;
        }
        self.make_room_for(user, now)?;
        if self.session_count()? >= MAX_SESSIONS {
            self.0
                .execute("DELETE FROM session WHERE ends <= ?1", [stored(now)])?;
        }
        if self.session_count()? >= MAX_SESSIONS {
            return Err(Refusal::TooManySessions);
        }
        let secret = SessionSecret::fresh();
        let sql = "INSERT INTO session (secret_hash, user, proved, form_token, ends)
             VALUES (?1, ?2, ?3, ?4, ?5)";
        let ends = stored(now + SESSION_LIFE);
        self.0.prepare_cached(sql)?.execute(params![
            secret.hash(),
            user.to_string(),
            proved.stored(),
            random(),
            ends
        ])?;
        Ok(secret)
    }

    pub(crate) fn session(
        &self,
        secret: &SessionSecret,
        now: SystemTime,
    ) -> Result<Session, Refusal> {
        let sql = "SELECT user, proved, form_token FROM session
             WHERE secret_hash = ?1 AND ends > ?2";
        let found =
            self.0
                .prepare_cached(sql)?
                .query_row(params![secret.hash(), stored(now)], |row| {
                    let proved: String = row.get(1)?;
                    Ok(Session {
                        user: uuid(row, 0)?,
                        proved: Proved::from_stored(&proved),
                        form_token: row.get(2)?,
                    })
                });
        found.optional()?.ok_or(Refusal::NoSession)
    }

    pub(crate) fn close_session(&self, secret: &SessionSecret) -> Result<(), Refusal> {
        let sql = "DELETE FROM session WHERE secret_hash = ?1";
        self.0.execute(sql, [secret.hash()])?;
        Ok(())
    }

    /// Ends all of a user's sessions.
    pub(crate) fn close_sessions_of(&self, user: Uuid) -> Result<(), Refusal> {
        let sql = "DELETE FROM session WHERE user = ?1";
        self.0.execute(sql, [user.to_string()])?;
        Ok(())
    }

    /// Ends a user's sessions that a passkey or nothing but the policy opened, except one. Those that
    /// only know the password go on to the challenge, and are refused there if need be.
    pub(crate) fn close_open_sessions_of(
        &self,
        user: Uuid,
        except: &SessionSecret,
    ) -> Result<(), Refusal> {
        let sql = "DELETE FROM session
             WHERE user = ?1 AND secret_hash <> ?2 AND proved <> 'password'";
        self.0
            .execute(sql, params![user.to_string(), except.hash()])?;
        Ok(())
    }

    /// Takes back from a user's sessions, except one, what the password alone gave them.
    pub(crate) fn withdraw_admissions_of(
        &self,
        user: Uuid,
        except: &SessionSecret,
    ) -> Result<(), Refusal> {
        let sql = "UPDATE session SET proved = 'password'
             WHERE user = ?1 AND secret_hash <> ?2 AND proved = 'admitted'";
        self.0
            .execute(sql, params![user.to_string(), except.hash()])?;
        Ok(())
    }

    /// Ends the oldest sessions of a user who has as many as one may have.
    fn make_room_for(&self, user: Uuid, now: SystemTime) -> Result<(), Refusal> {
        let user = user.to_string();
        let ended = "DELETE FROM session WHERE user = ?1 AND ends <= ?2";
        self.0
            .prepare_cached(ended)?
            .execute(params![user, stored(now)])?;
        let oldest = "DELETE FROM session WHERE secret_hash IN
             (SELECT secret_hash FROM session WHERE user = ?1
              ORDER BY proved = 'passkey' DESC, ends DESC LIMIT -1 OFFSET ?2)";
        let most = i64::try_from(MAX_SESSIONS_OF_USER - 1).unwrap_or(i64::MAX);
        let gone = self
            .0
            .prepare_cached(oldest)?
            .execute(params![user, most])?;
        if gone > 0 {
            self.limits().reached(Limit::SessionsOfUser);
        }
        Ok(())
    }

    fn session_count(&self) -> Result<usize, Refusal> {
        let count: i64 = self
            .0
            .prepare_cached("SELECT count(*) FROM session")?
            .query_row([], |row| row.get(0))?;
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }
}

impl Proved {
    const fn stored(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Admitted => "admitted",
            Self::Passkey => "passkey",
        }
    }

    /// The table has no other values; if it had, they would prove the least.
    fn from_stored(text: &str) -> Self {
        match text {
            "admitted" => Self::Admitted,
            "passkey" => Self::Passkey,
            _ => Self::Password,
        }
    }
}

/// 256 random bits as text.
fn random() -> String {
    let mut secret = [0; 32];
    OsRng.fill_bytes(&mut secret);
    BASE64URL_NOPAD.encode(&secret)
}
