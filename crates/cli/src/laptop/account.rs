//! The file in which the small relying party keeps a user and the public keys of the passkeys.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use webauthn_rs::prelude::{AuthenticationResult, CredentialID, Passkey, Uuid};

use crate::argument;
use crate::ending::Failure;

/// A user of one relying party. Holds no secrets.
pub(super) struct Account {
    path: Option<PathBuf>,
    record: Record,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    version: u32,
    /// Nothing until there is a passkey.
    rp_id: Option<String>,
    user: String,
    user_id: Uuid,
    passkeys: Vec<Passkey>,
}

/// The one form of the file that this program writes and reads.
const VERSION: u32 = 1;

impl Account {
    /// The account in the file, or a new one for `user` when there is no such file yet.
    pub(super) fn open_or_new(path: Option<&Path>, user: &str) -> Result<Self, Failure> {
        let found = path.map(read).transpose()?.flatten();
        path.map(check_writable).transpose()?;
        let record = found.unwrap_or_else(|| Record {
            version: VERSION,
            rp_id: None,
            user: user.to_owned(),
            user_id: Uuid::new_v4(),
            passkeys: Vec::new(),
        });
        Ok(Self {
            path: path.map(Path::to_owned),
            record,
        })
    }

    /// The account in the file, which must be there.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Err(Failure::wrong(
                "to sign in takes the --account FILE that `hawser laptop register` wrote, or --options of a relying party elsewhere",
            ));
        };
        let record = read(path)?.ok_or_else(|| {
            Failure::wrong("there is no such file: register first").about(&subject(path))
        })?;
        check_writable(path)?;
        Ok(Self {
            path: Some(path.to_owned()),
            record,
        })
    }

    /// Whether the account is one of this relying party.
    pub(super) fn check(&self, rp_id: &str) -> Result<(), Failure> {
        match &self.record.rp_id {
            Some(own) if own != rp_id => Err(Failure::wrong(&format!(
                "the account is for {own}, not for {rp_id}: name the right --origin or another --account"
            ))),
            _ => Ok(()),
        }
    }

    pub(super) fn user(&self) -> &str {
        &self.record.user
    }

    pub(super) fn user_id(&self) -> Uuid {
        self.record.user_id
    }

    pub(super) fn passkeys(&self) -> &[Passkey] {
        &self.record.passkeys
    }

    /// To be excluded from a registration.
    pub(super) fn passkey_ids(&self) -> Option<Vec<CredentialID>> {
        let passkeys = self.record.passkeys.iter();
        let ids: Vec<_> = passkeys.map(|passkey| passkey.cred_id().clone()).collect();
        (!ids.is_empty()).then_some(ids)
    }

    pub(super) fn add(&mut self, rp_id: &str, passkey: Passkey) -> Result<(), Failure> {
        self.record.rp_id = Some(rp_id.to_owned());
        self.record.passkeys.push(passkey);
        self.write()
    }

    pub(super) fn record_use(&mut self, result: &AuthenticationResult) -> Result<(), Failure> {
        for passkey in &mut self.record.passkeys {
            // Does nothing to a passkey that is not the one.
            passkey.update_credential(result);
        }
        self.write()
    }

    /// As a whole or not at all: beside the old file, then in its place.
    fn write(&self) -> Result<(), Failure> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let failed = |error: &dyn std::error::Error| Failure::failed(error).about(&subject(path));
        let mut json = serde_json::to_vec_pretty(&self.record).map_err(|error| failed(&error))?;
        json.push(b'\n');
        let beside = beside(path);
        fs::write(&beside, json).map_err(|error| failed(&error))?;
        fs::rename(&beside, path).map_err(|error| {
            fs::remove_file(&beside).ok();
            failed(&error)
        })
    }
}

fn read(path: &Path) -> Result<Option<Record>, Failure> {
    let malformed = |error: &dyn std::error::Error| Failure::malformed(error).about(&subject(path));
    let json = match fs::read(path) {
        Ok(json) => json,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(malformed(&error)),
    };
    let record: Record = serde_json::from_slice(&json).map_err(|error| malformed(&error))?;
    if record.version != VERSION {
        let words = format!("format {} is not known to this program", record.version);
        return Err(Failure::wrong(&words).about(&subject(path)));
    }
    Ok(Some(record))
}

/// What cannot be written is known before the phone has made a passkey that nobody would know.
fn check_writable(path: &Path) -> Result<(), Failure> {
    argument::can_be_made("--account", path)?;
    let beside = beside(path);
    fs::write(&beside, [])
        .and_then(|()| fs::remove_file(&beside))
        .map_err(|error| Failure::malformed(&error).about(&subject(path)))
}

fn beside(path: &Path) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.part", std::process::id()));
    beside.into()
}

fn subject(path: &Path) -> String {
    format!("--account {}", path.display())
}
