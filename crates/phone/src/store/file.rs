//! Passkeys in a file of the user's own.

mod disk;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use passkey_authenticator::{CredentialStore, StoreInfo};
use passkey_types::Passkey;
use passkey_types::ctap2::make_credential::{
    Options, PublicKeyCredentialRpEntity, PublicKeyCredentialUserEntity,
};
use passkey_types::ctap2::{Ctap2Error, StatusCode};
use passkey_types::webauthn::PublicKeyCredentialDescriptor;

use super::collection::{Collection, INFO};
use super::record;
use disk::Disk;

/// Passkeys in a JSON file that only its owner can read.
///
/// Private keys stand in it as they are: this is for development and for machines whose disk is
/// encrypted. An app with a vault implements [`CredentialStore`], one with keys in a secure element
/// [`CtapAuthenticator`](crate::CtapAuthenticator).
///
/// - The file has mode 0600 from its first byte on. One that others can read is refused.
/// - A change replaces the file as a whole: written next to it, flushed to disk, renamed. So a crash
///   leaves the old passkeys or the new ones.
/// - One store at a time: a lock on `<file>.lock` is held until the store is dropped.
/// - What cannot be understood is never overwritten, and neither is a file that somebody else changed
///   while it was open here.
///
/// Modes and locks are those of Unix. Elsewhere the mode is not checked.
#[derive(Clone)]
pub struct FileStore {
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    disk: Disk,
    passkeys: Collection,
}

/// Why passkeys could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileStoreError {
    /// The file, its lock or its directory cannot be used.
    #[error("cannot {doing} {}", path.display())]
    Io {
        /// What failed: "open", "read", "write", ..
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Other people on this machine can read the private keys, or could write their own.
    #[error("{} has mode {mode:04o}, so other users can get at its private keys: run `chmod 600` on it", path.display())]
    NotPrivate {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Another store has the file open.
    #[error("{} is in use by another program: close that one first", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is not what this crate writes. It is left as it is.
    #[error("{} is not a passkey file, or it is damaged: restore it from a backup, or move it away to start afresh", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where it stops making sense.
        source: serde_json::Error,
    },
    /// The file is longer than any passkey file should be.
    #[error("{} is too long for a passkey file", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
    },
    /// The file comes from another release of this crate.
    #[error("{} has format {found}, and this program knows format {} only", path.display(), record::VERSION)]
    Version {
        /// The file.
        path: PathBuf,
        /// The format of the file.
        found: u32,
    },
    /// Somebody else changed the file since it was read.
    #[error("{} was changed by another program: open it again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The change is made, and the disk could not be told to keep it: a crash of the system may undo it.
    #[error("{} is written, but it may not outlive a crash: look at the disk", path.display())]
    Unflushed {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A passkey cannot be written down.
    #[error("a passkey cannot be encoded")]
    Encode(#[source] serde_json::Error),
}

impl FileStore {
    /// Opens the passkey file, or makes an empty one.
    ///
    /// Blocks on the file system, for a few milliseconds as a rule.
    ///
    /// # Errors
    /// Every [`FileStoreError`] but [`Changed`](FileStoreError::Changed). The file is as it was then.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, FileStoreError> {
        let mut disk = Disk::open(path.into())?;
        let passkeys = if let Some(passkeys) = disk.read()? {
            passkeys
        } else {
            disk.write(&[])?;
            Vec::new()
        };
        Ok(Self {
            shared: Arc::new(Mutex::new(Shared {
                disk,
                passkeys: Collection::from_oldest_first(passkeys),
            })),
        })
    }

    /// The passkeys, oldest first.
    #[must_use]
    pub fn passkeys(&self) -> Vec<Passkey> {
        self.lock().passkeys.oldest_first().to_vec()
    }

    /// Forgets a passkey. Returns whether it was there.
    ///
    /// # Errors
    /// When the file cannot be written; the passkey stays then. Only after
    /// [`Unflushed`](FileStoreError::Unflushed) it has gone.
    ///
    /// # Cancel safety
    /// The file is written even when the future is dropped, as with every change.
    pub async fn remove(&mut self, credential_id: &[u8]) -> Result<bool, FileStoreError> {
        let credential_id = credential_id.to_vec();
        self.change(move |passkeys| passkeys.remove(&credential_id))
            .await
    }

    /// Changes the passkeys in memory and on disk, or neither. After [`FileStoreError::Unflushed`] it is both.
    async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Collection) -> T + Send + 'static,
    ) -> Result<T, FileStoreError> {
        let store = self.clone();
        // Flushing to a disk blocks. The closure runs to its end even if nobody waits for it any more.
        let changed = tokio::task::spawn_blocking(move || {
            let mut shared = store.lock();
            let mut passkeys = shared.passkeys.clone();
            let outcome = change(&mut passkeys);
            let written = shared.disk.write(passkeys.oldest_first());
            if matches!(written, Ok(()) | Err(FileStoreError::Unflushed { .. })) {
                shared.passkeys = passkeys;
            }
            written.map(|()| outcome)
        });
        match changed.await {
            Ok(outcome) => outcome,
            Err(e) => Err(self.lock().disk.error("write", io::Error::other(e))),
        }
    }

    /// A panic elsewhere cannot leave the state half-changed: it is replaced as a whole.
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileStore({})", self.lock().disk.path().display())
    }
}

#[async_trait]
impl CredentialStore for FileStore {
    type PasskeyItem = Passkey;

    async fn find_credentials(
        &self,
        ids: Option<&[PublicKeyCredentialDescriptor]>,
        rp_id: &str,
        _user_handle: Option<&[u8]>,
    ) -> Result<Vec<Passkey>, StatusCode> {
        Ok(self.lock().passkeys.find(ids, rp_id))
    }

    async fn save_credential(
        &mut self,
        cred: Passkey,
        _user: PublicKeyCredentialUserEntity,
        _rp: PublicKeyCredentialRpEntity,
        _options: Options,
    ) -> Result<(), StatusCode> {
        let saved = self.change(move |passkeys| passkeys.save(cred)).await;
        saved.map_err(|e| status(&e))
    }

    async fn update_credential(&mut self, cred: &Passkey) -> Result<(), StatusCode> {
        let cred = cred.clone();
        let updated = self.change(move |passkeys| passkeys.update(&cred)).await;
        updated.map_err(|e| status(&e))
    }

    async fn get_info(&self) -> StoreInfo {
        INFO
    }
}

/// A laptop cannot help with a file; the owner of the phone can, and reads the log.
fn status(error: &FileStoreError) -> StatusCode {
    let cause: &dyn std::error::Error = error;
    tracing::error!(error = cause, "passkeys not saved");
    match error {
        FileStoreError::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
            Ctap2Error::KeyStoreFull.into()
        }
        _ => Ctap2Error::Other.into(),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::File;

    use passkey_crypto::CoseKey;
    use passkey_types::CredentialExtensions;

    use super::*;

    fn passkey(id: u8) -> Passkey {
        Passkey {
            key: CoseKey::default(),
            credential_id: vec![id].into(),
            rp_id: "example.com".to_owned(),
            user_handle: Some(vec![id].into()),
            username: None,
            user_display_name: None,
            counter: None,
            extensions: CredentialExtensions::default(),
        }
    }

    /// The file is the new one by then. So memory has to say the same, and the next change must not take it for
    /// somebody else's.
    #[tokio::test]
    async fn what_could_not_be_flushed_is_an_error_and_the_file_is_still_ours() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::open(folder.path().join("passkeys.json")).unwrap();
        store.change(|all| all.save(passkey(1))).await.unwrap();

        let broken = |_: &File| Err(io::Error::other("the disk is gone"));
        store.lock().disk.flush_with(broken);
        let changed = store.change(|all| all.save(passkey(2))).await;
        assert!(
            matches!(changed, Err(FileStoreError::Unflushed { .. })),
            "{changed:?}"
        );
        assert_eq!(store.passkeys().len(), 2);
        let on_disk = std::fs::read(store.lock().disk.path()).unwrap();
        assert_eq!(
            String::from_utf8_lossy(&on_disk).matches("rp_id").count(),
            2
        );

        store.lock().disk.flush_with(File::sync_all);
        store.change(|all| all.save(passkey(3))).await.unwrap();
        assert_eq!(store.passkeys().len(), 3);
    }
}
