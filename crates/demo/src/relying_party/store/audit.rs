//! The audit trail: appended to, never changed; the oldest entries go when there are too many.

use std::time::SystemTime;

use rusqlite::params;

use super::{Records, stored, time};
use crate::relying_party::MAX_AUDIT_ENTRIES;
use crate::relying_party::audit::{AuditEntry, AuditEvent};
use crate::relying_party::limits::Limit;
use crate::relying_party::refusal::Refusal;

impl Records<'_> {
    /// Appends an entry: who did what to whom.
    pub(crate) fn audit(
        &self,
        now: SystemTime,
        actor: &str,
        event: AuditEvent,
        subject: &str,
        detail: &str,
    ) -> Result<(), Refusal> {
        let sql = "INSERT INTO audit (at, actor, event, subject, detail)
             VALUES (?1, ?2, ?3, ?4, ?5)";
        let entry = params![stored(now), actor, event.code(), subject, detail];
        self.0.prepare_cached(sql)?.execute(entry)?;
        let oldest = self.0.last_insert_rowid() - MAX_AUDIT_ENTRIES;
        let gone = self
            .0
            .prepare_cached("DELETE FROM audit WHERE id <= ?1")?
            .execute([oldest])?;
        if gone > 0 {
            self.limits().reached(Limit::AuditEntries);
        }
        Ok(())
    }

    /// The latest entries, newest first; with a user name, those that it did or that concern it.
    pub(crate) fn audit_entries(
        &self,
        user: Option<&str>,
        most: usize,
    ) -> Result<Vec<AuditEntry>, Refusal> {
        let sql = "SELECT id, at, actor, event, subject, detail FROM audit
             WHERE ?1 IS NULL OR actor = ?1 OR subject = ?1 ORDER BY id DESC LIMIT ?2";
        let mut statement = self.0.prepare_cached(sql)?;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let entries = statement.query_map(params![user, most], |row| {
            let code: String = row.get(3)?;
            Ok(AuditEntry {
                number: row.get(0)?,
                at: time(row.get(1)?),
                actor: row.get(2)?,
                event: AuditEvent::from_code(&code),
                subject: row.get(4)?,
                detail: row.get(5)?,
            })
        })?;
        Ok(entries.collect::<Result<_, _>>()?)
    }
}
