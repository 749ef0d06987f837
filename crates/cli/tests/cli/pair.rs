//! `hawser laptop` and `hawser phone`, a process each, through a relay.

use rustix::process::Signal;

use crate::program::{Said, run};
use crate::scene::{Running, RunningRelay, Scene, assert_nothing_is_left, nobodys_url};

fn phone(scene: &Scene, url: &str, more: &[&str]) -> Said {
    let args = scene.phone(url, more);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    run(&args)
}

#[test]
fn a_passkey_is_made_and_used() {
    let (relay, scene) = (RunningRelay::start(), Scene::new());
    let (account, store) = (scene.file("account.json"), scene.file("phone.json"));
    let keep = ["--account", &account];
    let always = ["--approve", "always", "--store", &store, "--json"];

    let laptop = scene.laptop("register", &relay.url(), &keep);
    let said = phone(&scene, &relay.url(), &always);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(said.json()["answers"][0]["operation"], "register");
    assert_eq!(said.json()["answers"][0]["rp_id"], "example.com");
    assert!(said.err.contains("proximity is simulated"), "{}", said.err);
    let said = laptop.end();
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.contains("proximity is simulated"), "{}", said.out);
    assert!(
        said.out.contains("alice has a passkey for example.com now"),
        "{}",
        said.out
    );
    assert!(
        !scene.path("qr.png").exists(),
        "a code that was used is of no use"
    );

    let laptop = scene.laptop("sign-in", &relay.url(), &[&keep[..], &["--json"]].concat());
    let said = phone(&scene, &relay.url(), &always);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(said.json()["answers"][0]["operation"], "sign_in");
    let said = laptop.end();
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(said.json()["ceremony"], "sign_in");
    assert_eq!(said.json()["verified"], true);
    assert!(said.json()["response"]["response"]["signature"].is_string());

    // The phone has a passkey for the account already.
    let laptop = scene.laptop("register", &relay.url(), &keep);
    let said = phone(&scene, &relay.url(), &always);
    assert_eq!(said.code, Some(1));
    assert_eq!(said.json()["answers"][0]["operation"], "already_registered");
    let said = laptop.end();
    assert_eq!(said.code, Some(1));
    assert!(
        said.err.contains("has a passkey for the account already"),
        "{}",
        said.err
    );
}

#[test]
fn another_phones_passkey_does_not_sign_in() {
    let (relay, scene) = (RunningRelay::start(), Scene::new());
    let account = scene.file("account.json");
    let laptop = scene.laptop("register", &relay.url(), &["--account", &account]);
    assert_eq!(
        phone(&scene, &relay.url(), &["--approve", "always"]).code,
        Some(0)
    );
    assert_eq!(laptop.end().code, Some(0));

    // That phone kept nothing.
    let laptop = scene.laptop("sign-in", &relay.url(), &["--account", &account]);
    let said = phone(&scene, &relay.url(), &["--approve", "always"]);
    assert_eq!(said.code, Some(1));
    assert!(
        said.out.contains("This phone has no passkey for that site"),
        "{}",
        said.out
    );
    let said = laptop.end();
    assert_eq!(said.code, Some(1));
    assert!(
        said.err.contains("this phone has no passkey for the site"),
        "{}",
        said.err
    );
}

#[test]
fn a_phone_that_declines() {
    let (relay, scene) = (RunningRelay::start(), Scene::new());
    let laptop = scene.laptop("register", &relay.url(), &["--json"]);
    let said = phone(&scene, &relay.url(), &["--approve", "never"]);
    assert_eq!(said.code, Some(1));
    assert!(
        said.out.contains("Declined: the laptop was told so"),
        "{}",
        said.out
    );
    let said = laptop.end();
    assert_eq!(said.code, Some(1));
    assert!(
        said.err
            .contains("error: the request was declined on the phone"),
        "{}",
        said.err
    );
    assert_eq!(said.json()["verified"], false);
}

#[test]
fn options_of_a_relying_party_elsewhere() {
    let (relay, scene) = (RunningRelay::start(), Scene::new());
    let options = scene.file("options.json");
    std::fs::write(
        &options,
        r#"{"publicKey": {"rp": {"name": "Example", "id": "example.org"},
            "user": {"id": "Ym9i", "name": "bob", "displayName": "Bob"},
            "challenge": "AAECAwQFBgcICQoLDA0ODw", "pubKeyCredParams": []}}"#,
    )
    .unwrap();
    let flags = [
        "--origin",
        "https://login.example.org",
        "--options",
        &options,
    ];
    let laptop = scene.laptop("register", &relay.url(), &flags);
    assert_eq!(
        phone(&scene, &relay.url(), &["--approve", "always"]).code,
        Some(0)
    );
    let said = laptop.end();
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(said.out.lines().count(), 1, "the response and nothing else");
    assert_eq!(said.json()["type"], "public-key");
    assert!(said.json()["response"]["attestationObject"].is_string());
    assert!(
        said.err.contains("The relying party has to verify"),
        "{}",
        said.err
    );

    let flags = ["--origin", "https://example.com", "--options", &options];
    let said = run(&[&["laptop", "register"][..], &flags].concat());
    said.assert_malformed("--options: https://example.com may not use passkeys of \"example.org\"");
}

#[test]
fn a_laptop_that_cannot_reach_the_phones_relay() {
    let (relay, scene) = (RunningRelay::start(), Scene::new());
    let laptop = scene.laptop("register", &nobodys_url(), &[]);
    let args = scene.phone(&relay.url(), &["--approve", "always"]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let phone = Running::start(&args);
    let said = laptop.end();
    assert_eq!(said.code, Some(1));
    assert!(
        said.err
            .contains("does not answer: check this computer's internet connection"),
        "{}",
        said.err
    );
    assert_nothing_is_left(&scene);
    drop(phone);
}

#[test]
fn a_phone_with_another_laptops_code_is_not_heard() {
    let (relay, scene) = (RunningRelay::start(), Scene::new());
    let laptop = scene.laptop("register", &relay.url(), &[]);
    let (url, air) = (relay.url(), scene.file("air"));
    let other = "FIDO:/162870791865632382552704231438327900152302540348097243854039966655366469794954476199158014113179232779520163209900691930075274801398564434658077048963842109321447142660";
    let flags = [
        "--qr",
        other,
        "--tunnel-service",
        &url,
        "--air",
        &air,
        "--approve",
        "always",
    ];
    let phone = Running::start(&[&["phone"][..], &flags].concat());
    phone.wait_for("advertising");
    // Both wait for somebody else, until their people lose patience.
    phone.signal(Signal::INT);
    let said = phone.end();
    assert_eq!(said.code, Some(130), "{}", said.err);
    laptop.signal(Signal::INT);
    let said = laptop.end();
    assert_eq!(said.code, Some(130), "{}", said.err);
    assert!(!said.out.contains("phone nearby"), "{}", said.out);
    let words = "Cancelled: there was no phone to tell yet";
    assert!(said.out.contains(words), "{}", said.out);
    assert!(!scene.path("qr.png").exists());
}

/// What the laptop says to type can be pasted, whatever the directory is called.
#[test]
fn the_command_for_the_phone_can_be_pasted() {
    let (url, scene) = (nobodys_url(), Scene::new());
    let air = scene.file("it's an air");
    let flags = ["--tunnel-service", &url, "--air", &air];
    let laptop = Running::start(&[&["laptop", "register"][..], &flags].concat());
    laptop.wait_for("--qr FIDO:/");
    laptop.signal(Signal::INT);
    let said = laptop.end();
    let mut lines = said.out.lines();
    let command = lines
        .find(|line| line.starts_with("hawser phone "))
        .unwrap();
    let words = shlex::split(command).unwrap();
    assert!(
        words.windows(2).any(|two| two == ["--air", &air]),
        "{command}"
    );
}

/// A program that reads the result gets one, however it ended.
#[test]
fn ctrl_c_leaves_a_result() {
    let (relay, scene) = (RunningRelay::start(), Scene::new());
    let laptop = scene.laptop("register", &relay.url(), &["--json"]);
    laptop.signal(Signal::INT);
    let said = laptop.end();
    assert_eq!(said.code, Some(130), "{}", said.err);
    assert_eq!(said.json()["verified"], false);
    assert_eq!(said.json()["error"], "ended with Ctrl-C");

    let laptop = scene.laptop("register", &relay.url(), &[]);
    let args = scene.phone(&relay.url(), &["--approve", "always", "--json"]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    laptop.signal(Signal::STOP);
    let phone = Running::start(&args);
    phone.wait_for_told("advertising");
    phone.signal(Signal::INT);
    let said = phone.end();
    assert_eq!(said.code, Some(130), "{}", said.err);
    assert_eq!(said.json()["fulfilled"], false);
    assert_eq!(said.json()["error"], "ended with Ctrl-C");
}

#[test]
fn to_sign_in_takes_an_account() {
    run(&["laptop", "sign-in"]).assert_malformed("--account FILE");
    let scene = Scene::new();
    let missing = scene.file("nobody.json");
    run(&["laptop", "sign-in", "--account", &missing]).assert_malformed("register first");
    run(&["laptop", "register", "--origin", "http://example.com"]).assert_malformed("--origin: ");
    run(&["laptop", "register", "--connect", "nowhere"]).assert_malformed("--connect: ");
    let foreign = ["--rp-id", "example.org"];
    run(&[&["laptop", "register"][..], &foreign].concat()).assert_malformed("--rp-id: ");
    std::fs::write(&missing, "{}").unwrap();
    run(&["laptop", "sign-in", "--account", &missing]).assert_malformed("missing field");
}

/// Before the phone is asked: it would make a passkey that nobody knows.
#[test]
fn an_account_that_cannot_be_written_is_known_at_the_beginning() {
    let scene = Scene::new();
    let nowhere = scene.file("no-such/account.json");
    let said = run(&["laptop", "register", "--account", &nowhere]);
    said.assert_malformed("no-such/account.json: there is no directory ");
    assert_nothing_is_left(&scene);
}

#[test]
fn an_air_that_is_no_directory_is_told_alone() {
    let scene = Scene::new();
    let file = scene.file("air");
    std::fs::write(&file, "not a directory").unwrap();
    let said = run(&["laptop", "register", "--air", &file]);
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert_eq!(said.out, "");
    assert_eq!(said.err.lines().count(), 1, "{}", said.err);
}

/// Nobody is to scan a code whose advert is never heard.
#[test]
#[cfg(target_os = "linux")]
fn without_bluetooth_there_is_no_code_and_nothing_is_left() {
    let (scene, url) = (Scene::new(), nobodys_url());
    let (bus, png) = (scene.file("no-bus"), scene.file("qr.png"));
    let flags = [
        "--tunnel-service",
        &url,
        "--radio",
        "bluez",
        "--qr-png",
        &png,
    ];
    let mut laptop = crate::program::hawser(&[&["laptop", "register"][..], &flags].concat());
    laptop.env("DBUS_SYSTEM_BUS_ADDRESS", format!("unix:path={bus}"));
    let said = Said::from(laptop.output().unwrap());
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert_eq!(said.out, "", "no code is shown");
    assert_eq!(said.err.lines().count(), 1, "{}", said.err);
    assert!(
        said.err.contains("there is no D-Bus system bus"),
        "{}",
        said.err
    );
    assert_nothing_is_left(&scene);
}
