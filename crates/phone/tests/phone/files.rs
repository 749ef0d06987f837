//! The passkey file: who can read it, what is refused, and that nothing is lost.

mod changes;
mod locks;
mod refusals;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use hawser_phone::Authenticator;
use hawser_phone::store::{CredentialStore as _, FileStore, Passkey};
use passkey_types::{CredentialExtensions, StoredHmacSecret};
use tempfile::TempDir;

use crate::ctap::*;
use crate::people::Person;

/// A directory of its own, and the path of a passkey file in it.
fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("passkeys.json");
    (directory, path)
}

fn phone(store: FileStore) -> Authenticator<FileStore, Person> {
    Authenticator::new(store, Person::who_approves())
}

async fn registered(path: &Path, user: &str) -> Authenticator<FileStore, Person> {
    let mut phone = phone(FileStore::open(path).unwrap());
    body(&phone.respond(&register(user).make_credential()).await);
    phone
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Writes a file as a careful owner would.
fn write(path: &Path, content: impl AsRef<[u8]>) {
    fs::write(path, content).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test]
async fn passkeys_outlive_the_program() {
    let (_directory, path) = place();
    drop(registered(&path, "kim").await);
    drop(registered(&path, "lee").await);

    let mut phone = phone(FileStore::open(&path).unwrap());
    let body = body(&phone.respond(&sign_in().get_assertion()).await);

    assert_eq!(phone.store().passkeys().len(), 2);
    assert_eq!(
        member(&member(&body, 4), "id"),
        ciborium::Value::Bytes(b"lee".into()),
        "newest first, after reading too",
    );
}

#[tokio::test]
async fn every_member_of_a_passkey_outlives_the_program() {
    let (_directory, path) = place();
    let mut passkey = registered(&path, "kim").await.store().passkeys().remove(0);
    passkey.counter = Some(7);
    passkey.extensions = CredentialExtensions {
        hmac_secret: Some(StoredHmacSecret {
            cred_with_uv: vec![1; 32],
            cred_without_uv: Some(vec![2; 32]),
        }),
    };
    let mut store = FileStore::open(&path).unwrap();
    store.update_credential(&passkey).await.ok().unwrap();
    drop(store);

    let read = FileStore::open(&path).unwrap().passkeys().remove(0);

    let Passkey {
        key,
        credential_id,
        rp_id,
        user_handle,
        username,
        user_display_name,
        counter,
        extensions,
    } = read;
    assert_eq!(key, passkey.key);
    assert_eq!(credential_id, passkey.credential_id);
    assert_eq!(rp_id, RP);
    assert_eq!(user_handle.unwrap().as_slice(), b"kim");
    assert_eq!(username.unwrap(), "kim");
    assert_eq!(user_display_name.unwrap(), "The one called kim");
    assert_eq!(counter, Some(7));
    let secrets = extensions.hmac_secret.as_ref().unwrap();
    assert_eq!(secrets.cred_with_uv, [1; 32]);
    assert_eq!(secrets.cred_without_uv.as_deref(), Some([2; 32].as_slice()));
}

#[tokio::test]
async fn only_the_owner_can_read_what_is_written() {
    let (_directory, path) = place();
    let store = FileStore::open(&path).unwrap();
    assert_eq!(mode(&path), 0o600, "an empty file");
    drop(store);

    let _phone = registered(&path, "kim").await;

    assert_eq!(mode(&path), 0o600, "a replaced file");
    for entry in fs::read_dir(path.parent().unwrap()).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600, "everything next to it");
    }
}

#[tokio::test]
async fn debug_shows_no_passkey() {
    let (_directory, path) = place();
    let phone = registered(&path, "kim").await;

    let shown = format!("{:?}", phone.store());

    assert_eq!(shown, format!("FileStore({})", path.display()));
}
