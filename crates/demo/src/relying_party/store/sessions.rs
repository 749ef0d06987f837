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
use crate::relying_party::refusal::Refusal;
use crate::relying_party::{MAX_SESSIONS, SESSION_LIFE};

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

    /// Ends a user's sessions, except perhaps one.
    pub(crate) fn close_sessions_of(
        &self,
        user: Uuid,
        except: Option<&SessionSecret>,
    ) -> Result<(), Refusal> {
        let sql = "DELETE FROM session WHERE user = ?1 AND secret_hash IS NOT ?2";
        let except = except.map(SessionSecret::hash);
        self.0.execute(sql, params![user.to_string(), except])?;
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
