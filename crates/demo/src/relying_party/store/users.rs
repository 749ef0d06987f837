//! Accounts of the organisation and their users.

use std::time::SystemTime;

use rusqlite::types::Type;
use rusqlite::{OptionalExtension as _, Row, params};
use webauthn_rs::prelude::Uuid;

use super::{Records, stored, time};
use crate::relying_party::passwords::Hash;
use crate::relying_party::policy::Population;
use crate::relying_party::refusal::Refusal;
use crate::relying_party::{AccountKind, NewUser, UserKind};

/// A user, without what proves that it is them.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) id: Uuid,
    pub(crate) account: String,
    pub(crate) name: String,
    pub(crate) display_name: String,
    pub(crate) population: Population,
    pub(crate) administrator: bool,
    pub(crate) cohort: Option<i64>,
    pub(crate) grace_began: Option<SystemTime>,
}

impl Records<'_> {
    pub(crate) fn add_account(&self, name: &str, kind: AccountKind) -> Result<bool, Refusal> {
        let kind = match kind {
            AccountKind::Management => "management",
            AccountKind::Member => "member",
        };
        let sql = "INSERT INTO account (name, kind) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        Ok(self.0.execute(sql, params![name, kind])? == 1)
    }

    /// Adds a user; false when the name is taken.
    pub(crate) fn add_user(&self, user: &NewUser<'_>, password: &Hash) -> Result<bool, Refusal> {
        let kind = match user.kind {
            UserKind::Root => "root",
            UserKind::User => "user",
        };
        let sql =
            "INSERT INTO user (id, account, name, display_name, kind, administrator, password)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (name) DO NOTHING";
        let added = self.0.execute(
            sql,
            params![
                Uuid::new_v4().to_string(),
                user.account,
                user.name,
                user.display_name,
                kind,
                user.administrator,
                password.stored(),
            ],
        )?;
        Ok(added == 1)
    }

    pub(crate) fn has_account(&self, name: &str) -> Result<bool, Refusal> {
        let sql = "SELECT EXISTS (SELECT 1 FROM account WHERE name = ?1)";
        Ok(self.0.query_row(sql, [name], |row| row.get(0))?)
    }

    pub(crate) fn password_of(&self, name: &str) -> Result<Option<(Uuid, Hash)>, Refusal> {
        let sql = "SELECT id, password FROM user WHERE name = ?1";
        let found = self.0.query_row(sql, [name], |row| {
            Ok((uuid(row, 0)?, Hash::from_stored(&row.get::<_, String>(1)?)))
        });
        Ok(found.optional()?)
    }

    pub(crate) fn user(&self, id: Uuid) -> Result<Option<User>, Refusal> {
        let sql = format!("{SELECT} WHERE user.id = ?1");
        let found = self.0.query_row(&sql, [id.to_string()], read);
        Ok(found.optional()?)
    }

    pub(crate) fn user_named(&self, name: &str) -> Result<Option<User>, Refusal> {
        let sql = format!("{SELECT} WHERE user.name = ?1");
        Ok(self.0.query_row(&sql, [name], read).optional()?)
    }

    /// Every user, in the order in which a roll-out reaches them: the management account's root
    /// first, then other roots, then everybody else in no order that means anything.
    pub(crate) fn users(&self) -> Result<Vec<User>, Refusal> {
        let sql = format!("{SELECT} ORDER BY user.kind = 'user', account.kind = 'member', user.id");
        let mut statement = self.0.prepare_cached(&sql)?;
        let users = statement.query_map([], read)?;
        Ok(users.collect::<Result<_, _>>()?)
    }

    pub(crate) fn begin_grace(&self, user: Uuid, now: SystemTime) -> Result<(), Refusal> {
        let sql = "UPDATE user SET grace_began = ?2 WHERE id = ?1 AND grace_began IS NULL";
        self.0
            .execute(sql, params![user.to_string(), stored(now)])?;
        Ok(())
    }
}

const SELECT: &str = "SELECT user.id, user.account, user.name, user.display_name, user.kind,
    account.kind, user.administrator, user.cohort, user.grace_began
    FROM user JOIN account ON account.name = user.account";

fn read(row: &Row<'_>) -> rusqlite::Result<User> {
    let kind: String = row.get(4)?;
    let account_kind: String = row.get(5)?;
    let population = match (kind.as_str(), account_kind.as_str()) {
        ("root", "management") => Population::ManagementRoot,
        ("root", _) => Population::MemberRoot,
        _ => Population::Users,
    };
    Ok(User {
        id: uuid(row, 0)?,
        account: row.get(1)?,
        name: row.get(2)?,
        display_name: row.get(3)?,
        population,
        administrator: row.get(6)?,
        cohort: row.get(7)?,
        grace_began: row.get::<_, Option<i64>>(8)?.map(time),
    })
}

pub(super) fn uuid(row: &Row<'_>, column: usize) -> rusqlite::Result<Uuid> {
    let text: String = row.get(column)?;
    Uuid::parse_str(&text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
    })
}
