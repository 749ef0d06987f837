//! Adverts between scanners and advertisers on this machine.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use hawser_laptop::Scanner as _;
use hawser_phone::{AdvertiseError, Advertiser as _};
use hawser_radio::loopback::{ADVERT_INTERVAL, Air, LoopbackScanner, MAX_SERVICE_DATA};
use tempfile::TempDir;
use tokio::time::timeout;

/// An air of a test's own. The directory lives as long as the first value.
fn air() -> (TempDir, Air) {
    let parent = tempfile::tempdir().unwrap();
    let air = Air::at(parent.path().join("air")).unwrap();
    (parent, air)
}

fn files(air: &Air) -> Vec<PathBuf> {
    fs::read_dir(air.directory())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect()
}

/// The port that the only listener of an air has.
fn port(air: &Air) -> u16 {
    let [file] = files(air).try_into().unwrap();
    let name = file.file_name().unwrap().to_str().unwrap();
    name.split_once('-').unwrap().0.parse().unwrap()
}

/// Puts a datagram into a scanner's socket.
fn inject(port: u16, datagram: &[u8]) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.send_to(datagram, ("127.0.0.1", port)).unwrap();
}

async fn hears_nothing(scanner: &mut LoopbackScanner) -> bool {
    timeout(ADVERT_INTERVAL * 10, scanner.next()).await.is_err()
}

#[tokio::test(start_paused = true)]
async fn every_scanner_hears_at_once_and_again() {
    let (_directory, air) = air();
    let mut first = air.scanner().await.unwrap();
    let mut second = air.scanner().await.unwrap();
    let _guard = air.advertiser().advertise(&[7; 20]).await.unwrap();

    for scanner in [&mut first, &mut second] {
        let advert = timeout(ADVERT_INTERVAL / 2, scanner.next()).await;
        assert_eq!(advert.unwrap().unwrap(), [7; 20]);
    }
    for scanner in [&mut first, &mut second] {
        for _ in 0..3 {
            let advert = timeout(ADVERT_INTERVAL * 2, scanner.next()).await;
            assert_eq!(advert.unwrap().unwrap(), [7; 20]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_scanner_that_comes_later_hears_the_next_repetition() {
    let (_directory, air) = air();
    let _guard = air.advertiser().advertise(b"early").await.unwrap();
    let mut scanner = air.scanner().await.unwrap();
    assert_eq!(scanner.next().await.unwrap(), b"early");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_guard_takes_the_advert_off_the_air() {
    let (_directory, air) = air();
    let mut scanner = air.scanner().await.unwrap();
    let guard = air.advertiser().advertise(b"on the air").await.unwrap();
    assert_eq!(scanner.next().await.unwrap(), b"on the air");
    assert!(
        !hears_nothing(&mut scanner).await,
        "repeated while the guard lives"
    );

    drop(guard);
    // One may be on its way; ten intervals would bring more.
    let mut late = 0;
    while !hears_nothing(&mut scanner).await {
        late += 1;
        assert!(late <= 1, "still on the air");
    }
}

#[tokio::test(start_paused = true)]
async fn two_adverts_at_a_time_are_both_heard() {
    let (_directory, air) = air();
    let mut scanner = air.scanner().await.unwrap();
    let advertiser = air.advertiser();
    let _one = advertiser.advertise(b"one").await.unwrap();
    let two = advertiser.clone().advertise(b"two").await.unwrap();
    let heard = [scanner.next().await.unwrap(), scanner.next().await.unwrap()];
    assert_eq!(heard, [b"one", b"two"]);

    drop(two);
    while scanner.next().await.unwrap() != b"one" {}
    assert_eq!(
        scanner.next().await.unwrap(),
        b"one",
        "its guard is another"
    );
}

#[tokio::test(start_paused = true)]
async fn airs_do_not_hear_each_other() {
    let (_here, here) = air();
    let (_there, there) = air();
    let mut scanner = here.scanner().await.unwrap();
    let mut other = there.scanner().await.unwrap();
    let _guard = there.advertiser().advertise(b"there").await.unwrap();
    assert_eq!(other.next().await.unwrap(), b"there");
    assert!(hears_nothing(&mut scanner).await);
}

#[tokio::test]
async fn both_service_uuids_are_heard_and_everything_else_is_not() {
    let (_directory, air) = air();
    let mut scanner = air.scanner().await.unwrap();
    let port = port(&air);
    for junk in [
        &b""[..],
        b"\x03",
        b"junk that is no advert",
        b"\x04\x16\x0A\x18\x01", // another service
        b"\x04\x21\xF9\xFF\x01", // another kind of structure
        b"\x05\x16\xF9\xFF\x01", // claims a byte more than it has
        b"\x03\x16\xF9\xFF\x01", // claims a byte less
        &vec![0xFF; 60_000],
    ] {
        inject(port, junk);
    }
    inject(port, b"\x05\x16\xE2\xFDok");
    inject(port, b"\x07\x16\xF9\xFFgood");
    assert_eq!(scanner.next().await.unwrap(), b"ok");
    assert_eq!(scanner.next().await.unwrap(), b"good");
}

#[tokio::test]
async fn a_call_that_is_dropped_loses_no_advert() {
    let (_directory, air) = air();
    let mut scanner = air.scanner().await.unwrap();
    for _ in 0..5 {
        tokio::select! {
            biased;
            advert = scanner.next() => panic!("{advert:?}"),
            () = tokio::task::yield_now() => {}
        }
    }
    inject(port(&air), b"\x05\x16\xF9\xFFok");
    assert_eq!(scanner.next().await.unwrap(), b"ok");
}

#[tokio::test(start_paused = true)]
async fn the_file_of_a_dead_listener_is_removed_and_others_stay() {
    let (_directory, air) = air();
    let mut scanner = air.scanner().await.unwrap();
    let alive = files(&air);
    // Nobody else gets the port; connected elsewhere, it takes nothing.
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    taken.connect(taken.local_addr().unwrap()).unwrap();
    let dead_port = taken.local_addr().unwrap().port();
    let dead = air.directory().join(format!("{dead_port}-1"));
    fs::write(&dead, "").unwrap();
    let foreign = air.directory().join("README");
    fs::write(&foreign, "").unwrap();

    let _guard = air.advertiser().advertise(b"x").await.unwrap();
    // The system tells with the second datagram that nobody took the first.
    for _ in 0..3 {
        scanner.next().await.unwrap();
    }
    assert!(!dead.exists());
    assert!(foreign.exists());
    assert!(alive.iter().all(|file| file.exists()));
}

#[tokio::test]
async fn a_dropped_scanner_is_not_registered_any_more() {
    let (_directory, air) = air();
    let scanner = air.scanner().await.unwrap();
    assert_eq!(files(&air).len(), 1);
    drop(scanner);
    assert_eq!(files(&air).len(), 0);
}

#[tokio::test]
async fn what_is_too_long_for_an_advert_is_refused() {
    let (_directory, air) = air();
    let mut scanner = air.scanner().await.unwrap();
    let advertiser = air.advertiser();
    let error = advertiser
        .advertise(&[0; MAX_SERVICE_DATA + 1])
        .await
        .unwrap_err();
    assert!(matches!(error, AdvertiseError::Unsupported(_)), "{error:?}");

    let _guard = advertiser.advertise(&[1; MAX_SERVICE_DATA]).await.unwrap();
    assert_eq!(scanner.next().await.unwrap(), [1; MAX_SERVICE_DATA]);
}

#[tokio::test]
async fn an_air_whose_directory_has_gone_is_an_error() {
    let (directory, air) = air();
    directory.close().unwrap();
    let error = air.advertiser().advertise(b"x").await.unwrap_err();
    assert!(matches!(error, AdvertiseError::Other(_)), "{error:?}");
    assert!(air.scanner().await.is_err());
}

#[tokio::test]
async fn another_process_hears_the_advert() {
    let (_directory, air) = air();
    let child = Command::new(example("listen"))
        .arg(air.directory())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Repeated until the child has started and listened.
    let _guard = air
        .advertiser()
        .advertise(&[0xC0, 0xFF, 0xEE])
        .await
        .unwrap();
    let output = tokio::task::spawn_blocking(|| child.wait_with_output())
        .await
        .unwrap()
        .unwrap();
    assert!(output.status.success());
    assert_eq!(output.stdout, b"c0ffee\n");
}

/// Cargo puts examples beside the folder of the test binaries.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    profile
        .join("examples")
        .join(name)
        .with_extension(std::env::consts::EXE_EXTENSION)
}

#[cfg(unix)]
mod permissions {
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    use hawser_radio::loopback::AirError;

    use super::{Air, Path, fs};

    fn allow(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_missing_directory_is_created_for_its_owner_only() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("air");
        let air = Air::at(&path).unwrap();
        let mode = fs::metadata(air.directory()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert_eq!(Air::at(&path).unwrap(), air, "and then found");
    }

    #[test]
    fn a_directory_that_others_may_write_to_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        for mode in [0o777, 0o1777, 0o770, 0o720, 0o702] {
            allow(parent.path(), mode);
            let error = Air::at(parent.path()).unwrap_err();
            assert!(
                matches!(error, AirError::Writable { mode: found, .. } if found == mode),
                "{error:?}"
            );
            assert!(error.to_string().contains("chmod 700"), "{error}");
        }
        allow(parent.path(), 0o755);
        Air::at(parent.path()).unwrap();
    }

    #[test]
    fn a_directory_of_another_user_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let mine = parent.path().join("given away");
        fs::create_dir(&mine).unwrap();
        // Only root may give a directory away; everybody else does not own the root directory.
        let foreign = if chown(&mine, Some(12345), None).is_ok() {
            &*mine
        } else {
            Path::new("/")
        };
        let error = Air::at(foreign).unwrap_err();
        assert!(matches!(error, AirError::ForeignOwner { .. }), "{error:?}");
    }

    #[test]
    fn what_is_no_directory_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let file = parent.path().join("file");
        fs::write(&file, "").unwrap();
        let link = parent.path().join("link");
        symlink(parent.path(), &link).unwrap();
        for path in [file, link] {
            let error = Air::at(path).unwrap_err();
            assert!(matches!(error, AirError::NotADirectory { .. }), "{error:?}");
        }
        let error = Air::at(parent.path().join("no/parent")).unwrap_err();
        assert!(matches!(error, AirError::Create { .. }), "{error:?}");
    }
}
