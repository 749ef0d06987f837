//! Where passkeys are kept: in memory for tests, in a file for programs, or wherever an app likes.
//!
//! # A store of one's own
//!
//! An app with a vault implements [`CredentialStore`]. Everything that this takes is re-exported here, in the versions
//! that fit. Its contract, as [`Authenticator`](crate::Authenticator) relies on it: `find_credentials` returns the newest passkey first,
//! without ids only passkeys that have a user handle, and `save_credential` replaces a passkey of the same relying party and
//! user handle. A store that is locked says so with an error, and the laptop hears that.
//!
//! ```
//! use hawser_phone::store::passkey_types::ctap2::make_credential::{
//!     Options, PublicKeyCredentialRpEntity, PublicKeyCredentialUserEntity,
//! };
//! use hawser_phone::store::passkey_types::ctap2::{Ctap2Error, StatusCode};
//! use hawser_phone::store::passkey_types::webauthn::PublicKeyCredentialDescriptor;
//! use hawser_phone::store::{
//!     CredentialStore, DiscoverabilitySupport, Passkey, StoreInfo, async_trait,
//! };
//!
//! # #[derive(Debug)] struct VaultLocked;
//! # struct Vault(Vec<Passkey>);
//! # impl Vault {
//! #     async fn newest_first(&self, rp_id: &str) -> Result<Vec<Passkey>, VaultLocked> {
//! #         Ok(self.0.iter().rev().filter(|passkey| passkey.rp_id == rp_id).cloned().collect())
//! #     }
//! #     async fn put(&mut self, passkey: Passkey) -> Result<(), VaultLocked> {
//! #         self.0.retain(|old| (&old.rp_id, &old.user_handle) != (&passkey.rp_id, &passkey.user_handle));
//! #         Ok(self.0.push(passkey))
//! #     }
//! # }
//! /// The passkeys in a vault.
//! struct VaultStore(Vault);
//!
//! #[async_trait]
//! impl CredentialStore for VaultStore {
//!     type PasskeyItem = Passkey;
//!
//!     async fn find_credentials(
//!         &self,
//!         ids: Option<&[PublicKeyCredentialDescriptor]>,
//!         rp_id: &str,
//!         _user_handle: Option<&[u8]>,
//!     ) -> Result<Vec<Passkey>, StatusCode> {
//!         let mut found = self.0.newest_first(rp_id).await.map_err(locked)?;
//!         found.retain(|passkey| match ids {
//!             Some(ids) => ids.iter().any(|id| id.id == passkey.credential_id),
//!             None => passkey.user_handle.is_some(),
//!         });
//!         Ok(found)
//!     }
//!
//!     async fn save_credential(
//!         &mut self,
//!         passkey: Passkey,
//!         _user: PublicKeyCredentialUserEntity,
//!         _rp: PublicKeyCredentialRpEntity,
//!         _options: Options,
//!     ) -> Result<(), StatusCode> {
//!         self.0.put(passkey).await.map_err(locked)
//!     }
//!
//!     async fn update_credential(&mut self, passkey: &Passkey) -> Result<(), StatusCode> {
//!         self.0.put(passkey.clone()).await.map_err(locked)
//!     }
//!
//!     async fn get_info(&self) -> StoreInfo {
//!         StoreInfo { discoverability: DiscoverabilitySupport::ForcedDiscoverable }
//!     }
//! }
//!
//! fn locked(_: VaultLocked) -> StatusCode {
//!     Ctap2Error::Other.into()
//! }
//! # use hawser_phone::{Approver, Ask, Authenticator, Decision};
//! # struct Nobody;
//! # impl Approver for Nobody {
//! #     async fn approve(&self, _: &Ask<'_>) -> Decision { Decision::Decline }
//! # }
//! # let _ = Authenticator::new(VaultStore(Vault(Vec::new())), Nobody);
//! ```
//!
//! Private keys go through memory in the clear, as [`Passkey`] holds them, and are not erased there. Where they must stay
//! in a secure element, implement [`CtapAuthenticator`](crate::CtapAuthenticator) instead.

mod collection;
mod file;
mod memory;
mod record;

pub use async_trait::async_trait;
pub use file::{FileStore, FileStoreError};
pub use memory::MemoryStore;
pub use passkey_authenticator::{CredentialStore, DiscoverabilitySupport, StoreInfo};
pub use passkey_types::Passkey;
pub use {passkey_crypto, passkey_types};
