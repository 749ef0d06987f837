//! The passkeys of a store, oldest first, and the rules about them.

use passkey_authenticator::{DiscoverabilitySupport, StoreInfo};
use passkey_types::Passkey;
use passkey_types::webauthn::PublicKeyCredentialDescriptor;

#[derive(Clone, Default)]
pub(super) struct Collection(Vec<Passkey>);

impl Collection {
    pub(super) fn from_oldest_first(passkeys: Vec<Passkey>) -> Self {
        Self(passkeys)
    }

    pub(super) fn oldest_first(&self) -> &[Passkey] {
        &self.0
    }

    /// Newest first; with ids, only those.
    pub(super) fn find(
        &self,
        ids: Option<&[PublicKeyCredentialDescriptor]>,
        rp_id: &str,
    ) -> Vec<Passkey> {
        let listed = |passkey: &Passkey| match ids {
            Some(ids) => ids.iter().any(|id| id.id == passkey.credential_id),
            // Without a list only discoverable passkeys count: those that know their user.
            None => passkey.user_handle.is_some(),
        };
        self.0
            .iter()
            .rev()
            .filter(|passkey| passkey.rp_id == rp_id && listed(passkey))
            .cloned()
            .collect()
    }

    /// Adds a passkey, instead of the one for the same account if there is one (CTAP 2.2 §6.1.2).
    pub(super) fn save(&mut self, passkey: Passkey) {
        self.0.retain(|old| {
            old.rp_id != passkey.rp_id
                || old.user_handle.is_none()
                || old.user_handle != passkey.user_handle
        });
        self.0.push(passkey);
    }

    /// Replaces the passkey with the same credential id. Its place in the order stays.
    pub(super) fn update(&mut self, passkey: &Passkey) {
        if let Some(old) = self
            .0
            .iter_mut()
            .find(|old| old.credential_id == passkey.credential_id)
        {
            *old = passkey.clone();
        }
    }

    /// Whether there was one.
    pub(super) fn remove(&mut self, credential_id: &[u8]) -> bool {
        let before = self.0.len();
        self.0
            .retain(|passkey| passkey.credential_id.as_slice() != credential_id);
        self.0.len() < before
    }
}

/// Every passkey is discoverable: it can be offered with its account's name, and needs no allow list.
pub(super) const INFO: StoreInfo = StoreInfo {
    discoverability: DiscoverabilitySupport::ForcedDiscoverable,
};
