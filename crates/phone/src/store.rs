//! Where passkeys are kept: in memory for tests, in a file for programs, or wherever an app likes.
//!
//! An app with a keystore of its own implements [`CredentialStore`] of the `passkey-authenticator`
//! crate. Its contract, as [`Authenticator`](crate::Authenticator) relies on it: `find_credentials`
//! returns the newest passkey first, and `save_credential` replaces a passkey of the same relying party
//! and user handle.

mod collection;
mod file;
mod memory;
mod record;

pub use file::{FileStore, FileStoreError};
pub use memory::MemoryStore;
pub use passkey_authenticator::{CredentialStore, DiscoverabilitySupport, StoreInfo};
pub use passkey_types::Passkey;
