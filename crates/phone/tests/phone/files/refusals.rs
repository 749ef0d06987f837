//! Files that are no good: refused, and left as they are.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use hawser_phone::store::{FileStore, FileStoreError};
use proptest::prelude::*;

use super::{place, registered, write};

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
