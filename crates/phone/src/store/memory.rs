//! Passkeys that are gone when the process ends.

use std::fmt;

use async_trait::async_trait;
use passkey_authenticator::{CredentialStore, StoreInfo};
use passkey_types::Passkey;
use passkey_types::ctap2::StatusCode;
use passkey_types::ctap2::make_credential::{
    Options, PublicKeyCredentialRpEntity, PublicKeyCredentialUserEntity,
};
use passkey_types::webauthn::PublicKeyCredentialDescriptor;

use super::collection::{Collection, INFO};

/// Passkeys that are gone when the process ends: for tests and demonstrations.
#[derive(Clone, Default)]
pub struct MemoryStore(Collection);

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The passkeys, oldest first.
    #[must_use]
    pub fn passkeys(&self) -> &[Passkey] {
        self.0.oldest_first()
    }

    /// Forgets a passkey. Returns whether it was there.
    pub fn remove(&mut self, credential_id: &[u8]) -> bool {
        self.0.remove(credential_id)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryStore({} passkeys)", self.passkeys().len())
    }
}

#[async_trait]
impl CredentialStore for MemoryStore {
    type PasskeyItem = Passkey;

    async fn find_credentials(
        &self,
        ids: Option<&[PublicKeyCredentialDescriptor]>,
        rp_id: &str,
        _user_handle: Option<&[u8]>,
    ) -> Result<Vec<Passkey>, StatusCode> {
        Ok(self.0.find(ids, rp_id))
    }

    async fn save_credential(
        &mut self,
        cred: Passkey,
        _user: PublicKeyCredentialUserEntity,
        _rp: PublicKeyCredentialRpEntity,
        _options: Options,
    ) -> Result<(), StatusCode> {
        self.0.save(cred);
        Ok(())
    }

    async fn update_credential(&mut self, cred: &Passkey) -> Result<(), StatusCode> {
        self.0.update(cred);
        Ok(())
    }

    async fn get_info(&self) -> StoreInfo {
        INFO
    }
}
