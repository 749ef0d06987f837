//! A user's own devices: seen, renamed, deleted.

use super::Site;
use crate::relying_party::audit::AuditEvent;
use crate::relying_party::device_name::DeviceName;
use crate::relying_party::policy::Requirement;
use crate::relying_party::refusal::Refusal;
use crate::relying_party::store::{Device, SessionSecret};

use super::Situation;

/// A user's devices, and where the user stands.
pub(crate) struct DeviceList {
    pub(crate) situation: Situation,
    pub(crate) devices: Vec<Device>,
}

impl Site {
    /// The devices of whoever is signed in, oldest first.
    pub(crate) async fn devices(&self, secret: &SessionSecret) -> Result<DeviceList, Refusal> {
        let (secret, now) = (secret.clone(), self.now());
        self.store
            .run(move |records| {
                let situation = records.situation(&secret, now)?;
                situation.signed_in()?;
                let devices = records.devices(situation.user.id)?;
                Ok(DeviceList { situation, devices })
            })
            .await
    }

    pub(crate) async fn rename_device(
        &self,
        secret: &SessionSecret,
        device: i64,
        name: &str,
    ) -> Result<(), Refusal> {
        let name = DeviceName::new(name);
        let name = name.map_err(|error| Refusal::from(error).counted(&self.limits))?;
        let (secret, now) = (secret.clone(), self.now());
        self.store
            .run(move |records| {
                let situation = records.situation(&secret, now)?;
                situation.signed_in()?;
                situation.may_change_devices()?;
                let user = situation.user;
                let old = records.device(user.id, device)?;
                let old = old.ok_or(Refusal::NoSuchDevice)?.name;
                if records.has_device_named(user.id, &name, Some(device))? {
                    return Err(Refusal::DeviceNameTaken);
                }
                records.rename_device(user.id, device, &name)?;
                let detail = format!("{old} \u{2192} {name}");
                records.audit(
                    now,
                    &user.name,
                    AuditEvent::DeviceRenamed,
                    &user.name,
                    &detail,
                )
            })
            .await
    }

    /// Deletes a device, but not the last one of somebody who could not get in without.
    pub(crate) async fn delete_device(
        &self,
        secret: &SessionSecret,
        device: i64,
    ) -> Result<(), Refusal> {
        let (by, now) = (secret.clone(), self.now());
        let deleted = self.store.run(move |records| {
            let situation = records.situation(&by, now)?;
            situation.signed_in()?;
            situation.may_change_devices()?;
            let found = records.device(situation.user.id, device)?;
            let name = found.ok_or(Refusal::NoSuchDevice)?.name;
            if situation.devices == 1 && situation.requirement == Requirement::Mandatory {
                return Err(Refusal::LastDevice);
            }
            let user = situation.user;
            records.delete_device(user.id, device)?;
            // Whoever has the phone may be signed in with it.
            records.close_open_sessions_of(user.id, &by)?;
            records.audit(
                now,
                &user.name,
                AuditEvent::DeviceDeleted,
                &user.name,
                &name,
            )
        });
        match deleted.await {
            Err(refusal @ Refusal::LastDevice) => Err(self
                .note(refusal, AuditEvent::DeletionRefused, Some(secret))
                .await),
            deleted => deleted,
        }
    }
}
