//! Wrong passwords in a row, for names that exist and for names that do not.

use std::time::SystemTime;

use rusqlite::{OptionalExtension as _, params};
use sha2::{Digest as _, Sha256};

use super::{Records, stored, time};
use crate::relying_party::limits::Limit;
use crate::relying_party::refusal::Refusal;
use crate::relying_party::{LOCK_OUT, MAX_GUESSED_NAMES, MAX_GUESSES};

impl Records<'_> {
    /// When the lock-out of a name ends, if it is locked out.
    pub(crate) fn locked_until(
        &self,
        name: &str,
        now: SystemTime,
    ) -> Result<Option<SystemTime>, Refusal> {
        let sql = "SELECT last FROM guesses WHERE name_hash = ?1 AND wrong >= ?2";
        let last = self
            .0
            .query_row(sql, params![hash(name), MAX_GUESSES], |row| row.get(0))
            .optional()?;
        let ends = last.map(|last: i64| time(last) + LOCK_OUT);
        Ok(ends.filter(|ends| now < *ends))
    }

    /// Counts a password that may be wrong; true when it locks the name out unless it is right.
    pub(crate) fn count_guess(&self, name: &str, now: SystemTime) -> Result<bool, Refusal> {
        self.forget_guesses_before(now)?;
        let sql = "INSERT INTO guesses (name_hash, wrong, last) VALUES (?1, 1, ?2)
             ON CONFLICT DO UPDATE SET wrong = wrong + 1, last = ?2
             RETURNING wrong";
        let wrong: u32 = self
            .0
            .query_row(sql, params![hash(name), stored(now)], |row| row.get(0))?;
        Ok(wrong == MAX_GUESSES)
    }

    pub(crate) fn forget_guesses(&self, name: &str) -> Result<(), Refusal> {
        let sql = "DELETE FROM guesses WHERE name_hash = ?1";
        self.0.execute(sql, [hash(name)])?;
        Ok(())
    }

    /// A count is forgotten when a lock-out would be over. The table is bounded: whoever fills it
    /// with invented names pushes the oldest out.
    fn forget_guesses_before(&self, now: SystemTime) -> Result<(), Refusal> {
        let over = stored(now).saturating_sub(super::stored_length(LOCK_OUT));
        self.0
            .execute("DELETE FROM guesses WHERE last <= ?1", [over])?;
        let sql = "DELETE FROM guesses WHERE name_hash IN
             (SELECT name_hash FROM guesses ORDER BY last DESC LIMIT -1 OFFSET ?1)";
        if self.0.execute(sql, [MAX_GUESSED_NAMES - 1])? > 0 {
            self.limits().reached(Limit::GuessedNames);
        }
        Ok(())
    }
}

/// Names may be long and are typed by strangers; sometimes it is a password in the wrong field.
fn hash(name: &str) -> Vec<u8> {
    Sha256::digest(name.as_bytes()).to_vec()
}
