//! Who may sign in, and with what.

use std::collections::HashMap;

use webauthn_rs::prelude::{AuthenticationResult, CredentialID, Passkey, Uuid};

use super::MAX_PASSKEYS;
use super::passwords::Hash;
use super::refusal::Refusal;

/// Every account, in memory.
#[derive(Default)]
pub(super) struct Accounts {
    by_id: HashMap<Uuid, Account>,
    by_name: HashMap<String, Uuid>,
}

pub(super) struct Account {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) display_name: String,
    pub(super) password: Hash,
    passkeys: Vec<StoredPasskey>,
}

struct StoredPasskey {
    passkey: Passkey,
    /// The highest signature counter that was seen; zero for passkeys that do not count.
    counter: u32,
}

impl Accounts {
    pub(super) fn by_name(&self, name: &str) -> Option<&Account> {
        self.by_id.get(self.by_name.get(name)?)
    }

    pub(super) fn by_id(&self, id: Uuid) -> Option<&Account> {
        self.by_id.get(&id)
    }

    /// Adds an account; false when the name is taken.
    pub(super) fn add(&mut self, name: &str, display_name: &str, password: Hash) -> bool {
        if self.by_name.contains_key(name) {
            return false;
        }
        let id = Uuid::new_v4();
        let account = Account {
            id,
            name: name.to_owned(),
            display_name: display_name.to_owned(),
            password,
            passkeys: Vec::new(),
        };
        self.by_name.insert(name.to_owned(), id);
        self.by_id.insert(id, account);
        true
    }

    /// Gives an account a passkey that nobody has yet.
    pub(super) fn add_passkey(&mut self, id: Uuid, passkey: Passkey) -> Result<(), Refusal> {
        let taken = self
            .by_id
            .values()
            .flat_map(|account| &account.passkeys)
            .any(|stored| stored.passkey.cred_id() == passkey.cred_id());
        if taken {
            return Err(Refusal::AlreadyRegistered);
        }
        let account = self.by_id.get_mut(&id).ok_or(Refusal::NoSession)?;
        if account.passkeys.len() >= MAX_PASSKEYS {
            return Err(Refusal::TooManyPasskeys);
        }
        account.passkeys.push(StoredPasskey {
            passkey,
            counter: 0,
        });
        Ok(())
    }

    /// Records that a passkey of the account was used, with its counter.
    pub(super) fn record_use(
        &mut self,
        id: Uuid,
        used: &AuthenticationResult,
    ) -> Result<(), Refusal> {
        let stored = self
            .by_id
            .get_mut(&id)
            .and_then(|account| {
                let mut passkeys = account.passkeys.iter_mut();
                passkeys.find(|stored| stored.passkey.cred_id().as_slice() == used.cred_id())
            })
            .ok_or(Refusal::UnknownPasskey)?;
        let counts = used.counter() > 0 || stored.counter > 0;
        if counts && used.counter() <= stored.counter {
            return Err(Refusal::CounterWentBack);
        }
        stored.counter = used.counter();
        stored.passkey.update_credential(used);
        Ok(())
    }
}

impl Account {
    pub(super) fn passkeys(&self) -> Vec<Passkey> {
        let stored = self.passkeys.iter();
        stored.map(|stored| stored.passkey.clone()).collect()
    }

    pub(super) fn passkey_ids(&self) -> Vec<CredentialID> {
        let stored = self.passkeys.iter();
        stored
            .map(|stored| stored.passkey.cred_id().clone())
            .collect()
    }

    pub(super) fn passkey_count(&self) -> usize {
        self.passkeys.len()
    }
}
