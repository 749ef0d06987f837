//! The enforcement policy, its cohorts and its kill switch.

use std::time::{Duration, SystemTime};

use rusqlite::{OptionalExtension as _, params};
use webauthn_rs::prelude::Uuid;

use super::{Records, length, stored, stored_length, time};
use crate::relying_party::GRACE_PERIOD;
use crate::relying_party::policy::{Cohort, Mode, Policy, Population};
use crate::relying_party::refusal::Refusal;

impl Records<'_> {
    pub(crate) fn policy(&self) -> Result<Policy, Refusal> {
        let sql = "SELECT grace, suspended_since FROM enforcement";
        let row = self.0.query_row(sql, [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(1)?))
        });
        let mut policy = Policy::default();
        if let Some((grace, suspended_since)) = row.optional()? {
            policy.grace = length(grace);
            policy.suspended_since = suspended_since.map(time);
        }
        for population in Population::ALL {
            policy.set_mode(population, self.mode(population)?);
        }
        Ok(policy)
    }

    fn mode(&self, population: Population) -> Result<Mode, Refusal> {
        let sql = "SELECT mode FROM policy WHERE population = ?1";
        let code: Option<String> = self
            .0
            .prepare_cached(sql)?
            .query_row([population.code()], |row| row.get(0))
            .optional()?;
        Ok(code.and_then(|code| code.parse().ok()).unwrap_or_default())
    }

    pub(crate) fn set_mode(&self, population: Population, mode: Mode) -> Result<(), Refusal> {
        let sql = "INSERT INTO policy (population, mode) VALUES (?1, ?2)
             ON CONFLICT DO UPDATE SET mode = ?2";
        self.0
            .execute(sql, params![population.code(), mode.code()])?;
        Ok(())
    }

    pub(crate) fn set_grace(&self, grace: Duration) -> Result<(), Refusal> {
        let sql = "INSERT INTO enforcement (only, grace) VALUES (1, ?1)
             ON CONFLICT DO UPDATE SET grace = ?1";
        self.0.execute(sql, [stored_length(grace)])?;
        Ok(())
    }

    /// Turns the kill switch on (a time) or off.
    pub(crate) fn set_suspended(&self, since: Option<SystemTime>) -> Result<(), Refusal> {
        let sql = "INSERT INTO enforcement (only, grace, suspended_since) VALUES (1, ?1, ?2)
             ON CONFLICT DO UPDATE SET suspended_since = ?2";
        let grace = stored_length(GRACE_PERIOD);
        self.0.execute(sql, params![grace, since.map(stored)])?;
        Ok(())
    }

    /// Gives everybody whose grace period runs this much more of it.
    pub(crate) fn lengthen_grace_periods(&self, by: Duration) -> Result<(), Refusal> {
        let sql = "UPDATE user SET grace_began = grace_began + ?1 WHERE grace_began IS NOT NULL";
        self.0.execute(sql, [stored_length(by)])?;
        Ok(())
    }

    /// Brings users under the policy, as the next cohort. Returns its number.
    pub(crate) fn add_cohort(&self, users: &[Uuid], now: SystemTime) -> Result<i64, Refusal> {
        let size = i64::try_from(users.len()).unwrap_or(i64::MAX);
        let sql = "INSERT INTO cohort (began, users) VALUES (?1, ?2)";
        self.0.execute(sql, params![stored(now), size])?;
        let number = self.0.last_insert_rowid();
        let mut statement = self
            .0
            .prepare_cached("UPDATE user SET cohort = ?2 WHERE id = ?1")?;
        for user in users {
            statement.execute(params![user.to_string(), number])?;
        }
        Ok(number)
    }

    pub(crate) fn cohorts(&self) -> Result<Vec<Cohort>, Refusal> {
        let sql = "SELECT number, began, users FROM cohort ORDER BY number";
        let mut statement = self.0.prepare_cached(sql)?;
        let cohorts = statement.query_map([], |row| {
            Ok(Cohort {
                number: row.get(0)?,
                began: time(row.get(1)?),
                users: row.get(2)?,
            })
        })?;
        Ok(cohorts.collect::<Result<_, _>>()?)
    }
}
