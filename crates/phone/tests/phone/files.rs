//! The passkey file: who can read it, what is refused, and that nothing is lost.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Barrier};

use hawser_phone::Authenticator;
use hawser_phone::store::{CredentialStore as _, FileStore, FileStoreError, Passkey};
use passkey_types::ctap2::make_credential::{
    Options, PublicKeyCredentialRpEntity, PublicKeyCredentialUserEntity,
};
use passkey_types::{CredentialExtensions, StoredHmacSecret};
use proptest::prelude::*;
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

#[track_caller]
fn refused(path: &Path) -> FileStoreError {
    let before = fs::read(path).unwrap();
    let error = FileStore::open(path).expect_err("the file must be refused");
    assert_eq!(
        fs::read(path).unwrap(),
        before,
        "a refused file stays as it is"
    );
    error
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
async fn a_file_that_others_can_read_or_write_is_refused() {
    let (_directory, path) = place();
    drop(registered(&path, "kim").await);

    for mode in [0o640, 0o604, 0o620, 0o602, 0o666, 0o610] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let error = refused(&path);
        assert!(matches!(error, FileStoreError::NotPrivate { mode: m, .. } if m == mode));
        assert!(error.to_string().contains("chmod 600"), "says what to do");
    }

    fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
    FileStore::open(&path).unwrap();
}

#[tokio::test]
async fn a_damaged_file_is_refused_and_left_alone() {
    let (_directory, path) = place();
    drop(registered(&path, "kim").await);
    let good = fs::read_to_string(&path).unwrap();
    let key = good
        .split("\"key\": \"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let damages = [
        String::new(),
        "[]".into(),
        good[..good.len() / 2].into(),
        format!("{good}{good}"),
        good.replace(key, "not base64url!"),
        good.replace(key, "AAAA"),
        good.replace("\"rp_id\"", "\"rp\""),
        good.replace("\"counter\": null", "\"counter\": -1"),
        good.replace("\"counter\": null", "\"counter\": null, \"new\": 1"),
    ];

    for damaged in damages {
        assert_ne!(damaged, good);
        write(&path, &damaged);
        let error = refused(&path);
        assert!(
            matches!(error, FileStoreError::Damaged { .. }),
            "{damaged}: {error:?}"
        );
        assert!(!format!("{error:?}").contains(key), "no key in errors");
    }

    write(&path, &good);
    assert_eq!(FileStore::open(&path).unwrap().passkeys().len(), 1);
}

#[test]
fn a_file_of_another_release_is_refused() {
    let (_directory, path) = place();
    write(&path, r#"{"version": 2, "vault": {}}"#);

    assert!(matches!(
        refused(&path),
        FileStoreError::Version { found: 2, .. }
    ));
}

#[test]
fn a_file_without_end_is_refused() {
    let (_directory, path) = place();
    write(&path, "");
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(16 * 1024 * 1024 + 1).unwrap();

    let error = FileStore::open(&path).expect_err("too long");

    assert!(matches!(error, FileStoreError::TooLong { .. }));
}

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

#[test]
fn one_store_at_a_time() {
    let (_directory, path) = place();
    let first = FileStore::open(&path).unwrap();
    let copy = first.clone();

    let in_use = |r| matches!(r, Err(FileStoreError::InUse { .. }));
    assert!(in_use(FileStore::open(&path)));
    drop(first);
    assert!(in_use(FileStore::open(&path)), "a copy keeps the lock");
    drop(copy);
    FileStore::open(&path).unwrap();
}

#[test]
fn of_stores_opened_at_once_one_wins() {
    const THREADS: usize = 4;
    let (_directory, path) = place();
    let start = Arc::new(Barrier::new(THREADS));
    let end = Arc::new(Barrier::new(THREADS));

    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let (path, start, end) = (path.clone(), Arc::clone(&start), Arc::clone(&end));
            std::thread::spawn(move || {
                start.wait();
                let opened = FileStore::open(path);
                // Nobody lets go before everybody has tried.
                end.wait();
                match opened {
                    Ok(_) => true,
                    Err(FileStoreError::InUse { .. }) => false,
                    Err(e) => panic!("{e:?}"),
                }
            })
        })
        .collect();

    let outcomes = threads.into_iter().map(|thread| thread.join().unwrap());
    assert_eq!(outcomes.filter(|won| *won).count(), 1);
}

#[tokio::test]
async fn changes_made_at_once_are_all_kept() {
    let (_directory, path) = place();
    let store = FileStore::open(&path).unwrap();
    let other = registered(&path.with_file_name("other.json"), "kim").await;
    let passkey = other.store().passkeys().remove(0);

    let saves = (0..8_u8).map(|n| {
        let (mut store, mut passkey) = (store.clone(), passkey.clone());
        passkey.user_handle = Some(vec![n].into());
        passkey.credential_id = vec![n].into();
        tokio::spawn(async move {
            let (user, rp) = owners(&passkey);
            store
                .save_credential(passkey, user, rp, Options::default())
                .await
                .is_ok()
        })
    });
    for save in saves.collect::<Vec<_>>() {
        assert!(save.await.unwrap());
    }
    drop(store);

    assert_eq!(FileStore::open(&path).unwrap().passkeys().len(), 8);
}

#[tokio::test]
async fn debug_shows_no_passkey() {
    let (_directory, path) = place();
    let phone = registered(&path, "kim").await;

    let shown = format!("{:?}", phone.store());

    assert_eq!(shown, format!("FileStore({})", path.display()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_file_is_read_or_refused(content in prop::collection::vec(any::<u8>(), 0..300)) {
        let (_directory, path) = place();
        write(&path, &content);
        prop_assert!(FileStore::open(&path).is_err());
        prop_assert_eq!(fs::read(&path).unwrap(), content);
    }
}

/// What a store is told besides the passkey.
fn owners(passkey: &Passkey) -> (PublicKeyCredentialUserEntity, PublicKeyCredentialRpEntity) {
    let user = PublicKeyCredentialUserEntity {
        id: passkey.user_handle.clone().unwrap(),
        name: None,
        display_name: None,
        icon_url: None,
    };
    let rp = PublicKeyCredentialRpEntity {
        id: passkey.rp_id.clone(),
        name: None,
    };
    (user, rp)
}
