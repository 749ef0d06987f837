//! Several at once: stores of one file, and changes of one store.

use std::sync::{Arc, Barrier};

use hawser_phone::store::{CredentialStore as _, FileStore, FileStoreError, Passkey};
use passkey_types::ctap2::make_credential::{
    Options, PublicKeyCredentialRpEntity, PublicKeyCredentialUserEntity,
};

use super::{place, registered};

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
