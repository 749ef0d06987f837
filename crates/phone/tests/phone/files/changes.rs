//! Changes: made on disk and in memory, or nowhere.

use std::fs;

use hawser_phone::store::{FileStore, FileStoreError};

use super::{mode, place, registered, write};
use crate::ctap::*;

#[tokio::test]
async fn a_file_that_changed_meanwhile_is_not_overwritten() {
    let (_directory, path) = place();
    let mut phone = registered(&path, "kim").await;
    let edited = fs::read_to_string(&path).unwrap().replace("kim", "Kim");
    write(&path, &edited);

    let reply = phone.respond(&register("lee").make_credential()).await;

    assert_eq!(reply, [OTHER]);
    assert_eq!(fs::read_to_string(&path).unwrap(), edited);
    assert_eq!(phone.store().passkeys().len(), 1, "memory and disk agree");
}

#[tokio::test]
async fn a_file_that_vanished_meanwhile_is_not_made_again() {
    let (_directory, path) = place();
    let mut phone = registered(&path, "kim").await;
    fs::remove_file(&path).unwrap();

    let reply = phone.respond(&register("lee").make_credential()).await;

    assert_eq!(reply, [OTHER]);
    assert!(!path.exists());
}

#[tokio::test]
async fn a_passkey_that_cannot_be_written_is_not_registered() {
    let (_directory, path) = place();
    let mut phone = registered(&path, "kim").await;
    let before = fs::read(&path).unwrap();
    // A directory where the new file would be written first.
    fs::create_dir(path.with_extension("json.new")).unwrap();

    let reply = phone.respond(&register("lee").make_credential()).await;
    let id = phone.store().passkeys()[0].credential_id.to_vec();
    let removed = phone.store_mut().remove(&id).await;

    assert_eq!(reply, [OTHER]);
    assert!(matches!(removed, Err(FileStoreError::Io { .. })));
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(phone.store().passkeys().len(), 1);
}

#[tokio::test]
async fn what_a_crash_left_behind_does_not_matter() {
    let (_directory, path) = place();
    fs::write(path.with_extension("json.new"), "half a fi").unwrap();

    let phone = registered(&path, "kim").await;

    assert_eq!(phone.store().passkeys().len(), 1);
    assert!(!path.with_extension("json.new").exists());
    assert_eq!(mode(&path), 0o600);
}

#[tokio::test]
async fn a_removed_passkey_is_gone() {
    let (_directory, path) = place();
    let mut phone = registered(&path, "kim").await;
    let id = phone.store().passkeys()[0].credential_id.to_vec();

    assert!(phone.store_mut().remove(&id).await.unwrap());
    assert!(!phone.store_mut().remove(&id).await.unwrap());

    assert_eq!(
        phone.respond(&sign_in().get_assertion()).await,
        [NO_CREDENTIALS]
    );
    drop(phone);
    assert!(FileStore::open(&path).unwrap().passkeys().is_empty());
}
