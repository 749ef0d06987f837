//! MFA devices: passkeys under the names that their owners gave them.

use std::time::SystemTime;

use rusqlite::types::Type;
use rusqlite::{OptionalExtension as _, Row, params};
use webauthn_rs::prelude::{Passkey, Uuid};

use super::{Records, stored, time};
use crate::relying_party::device_name::DeviceName;
use crate::relying_party::refusal::Refusal;

/// A registered passkey.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) passkey: Passkey,
    pub(crate) counter: u32,
    pub(crate) backup_eligible: bool,
    pub(crate) backed_up: bool,
    pub(crate) transports: Vec<String>,
    pub(crate) created: SystemTime,
    pub(crate) last_used: Option<SystemTime>,
}

/// A passkey that was just verified.
pub(crate) struct NewDevice<'a> {
    pub(crate) name: &'a DeviceName,
    pub(crate) passkey: &'a Passkey,
    pub(crate) backup_eligible: bool,
    pub(crate) backed_up: bool,
    pub(crate) transports: &'a [String],
    pub(crate) counter: u32,
}

impl Records<'_> {
    /// A user's devices, oldest first.
    pub(crate) fn devices(&self, user: Uuid) -> Result<Vec<Device>, Refusal> {
        let sql = format!("{SELECT} WHERE user = ?1 ORDER BY id");
        let mut statement = self.0.prepare_cached(&sql)?;
        let devices = statement.query_map([user.to_string()], read)?;
        Ok(devices.collect::<Result<_, _>>()?)
    }

    pub(crate) fn device_count(&self, user: Uuid) -> Result<usize, Refusal> {
        let sql = "SELECT count(*) FROM device WHERE user = ?1";
        let count: i64 = self
            .0
            .query_row(sql, [user.to_string()], |row| row.get(0))?;
        Ok(usize::try_from(count).unwrap_or(usize::MAX))
    }

    pub(crate) fn device(&self, user: Uuid, device: i64) -> Result<Option<Device>, Refusal> {
        let sql = format!("{SELECT} WHERE user = ?1 AND id = ?2");
        let found = self
            .0
            .query_row(&sql, params![user.to_string(), device], read);
        Ok(found.optional()?)
    }

    pub(crate) fn device_of_credential(
        &self,
        user: Uuid,
        credential_id: &[u8],
    ) -> Result<Option<Device>, Refusal> {
        let sql = format!("{SELECT} WHERE user = ?1 AND credential_id = ?2");
        let found = self
            .0
            .query_row(&sql, params![user.to_string(), credential_id], read);
        Ok(found.optional()?)
    }

    /// Whether any user has this passkey.
    pub(crate) fn has_credential(&self, credential_id: &[u8]) -> Result<bool, Refusal> {
        let sql = "SELECT EXISTS (SELECT 1 FROM device WHERE credential_id = ?1)";
        Ok(self.0.query_row(sql, [credential_id], |row| row.get(0))?)
    }

    /// Whether the user has a device, other than `except`, whose name people would confuse with this.
    pub(crate) fn has_device_named(
        &self,
        user: Uuid,
        name: &DeviceName,
        except: Option<i64>,
    ) -> Result<bool, Refusal> {
        let sql = "SELECT EXISTS (SELECT 1 FROM device
             WHERE user = ?1 AND name_key = ?2 AND id IS NOT ?3)";
        let found = params![user.to_string(), name.key(), except];
        Ok(self.0.query_row(sql, found, |row| row.get(0))?)
    }

    pub(crate) fn add_device(
        &self,
        user: Uuid,
        device: &NewDevice<'_>,
        now: SystemTime,
    ) -> Result<(), Refusal> {
        let sql = "INSERT INTO device (user, credential_id, name, name_key, passkey, counter,
             backup_eligible, backed_up, transports, created)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        self.0.execute(
            sql,
            params![
                user.to_string(),
                device.passkey.cred_id().as_slice(),
                device.name.as_str(),
                device.name.key(),
                to_json(device.passkey)?,
                device.counter,
                device.backup_eligible,
                device.backed_up,
                device.transports.join(" "),
                stored(now),
            ],
        )?;
        Ok(())
    }

    /// Records a use: the passkey as webauthn-rs updated it, its counter, and when.
    pub(crate) fn record_use(&self, device: &Device, now: SystemTime) -> Result<(), Refusal> {
        let sql = "UPDATE device SET passkey = ?2, counter = ?3, backed_up = ?4, last_used = ?5
             WHERE id = ?1";
        let passkey = to_json(&device.passkey)?;
        let used = params![
            device.id,
            passkey,
            device.counter,
            device.backed_up,
            stored(now)
        ];
        self.0.execute(sql, used)?;
        Ok(())
    }

    pub(crate) fn rename_device(
        &self,
        user: Uuid,
        device: i64,
        name: &DeviceName,
    ) -> Result<(), Refusal> {
        let sql = "UPDATE device SET name = ?3, name_key = ?4 WHERE user = ?1 AND id = ?2";
        let renamed = params![user.to_string(), device, name.as_str(), name.key()];
        self.0.execute(sql, renamed)?;
        Ok(())
    }

    pub(crate) fn delete_device(&self, user: Uuid, device: i64) -> Result<(), Refusal> {
        let sql = "DELETE FROM device WHERE user = ?1 AND id = ?2";
        self.0.execute(sql, params![user.to_string(), device])?;
        Ok(())
    }

    /// Deletes all of a user's devices and returns how many there were.
    pub(crate) fn delete_devices(&self, user: Uuid) -> Result<usize, Refusal> {
        let sql = "DELETE FROM device WHERE user = ?1";
        Ok(self.0.execute(sql, [user.to_string()])?)
    }
}

const SELECT: &str = "SELECT id, name, passkey, counter, backup_eligible, backed_up, transports,
    created, last_used FROM device";

fn read(row: &Row<'_>) -> rusqlite::Result<Device> {
    let passkey: String = row.get(2)?;
    let passkey = serde_json::from_str(&passkey).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(2, Type::Text, Box::new(error))
    })?;
    let transports: String = row.get(6)?;
    Ok(Device {
        id: row.get(0)?,
        name: row.get(1)?,
        passkey,
        counter: row.get(3)?,
        backup_eligible: row.get(4)?,
        backed_up: row.get(5)?,
        transports: transports.split_whitespace().map(str::to_owned).collect(),
        created: time(row.get(7)?),
        last_used: row.get::<_, Option<i64>>(8)?.map(time),
    })
}

fn to_json(passkey: &Passkey) -> rusqlite::Result<String> {
    serde_json::to_string(passkey)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}
