//! `hawser phone` when it cannot even begin.

use crate::program::run;
use crate::scene::{Scene, nobodys_url};

const CODE: &str = "FIDO:/162870791865632382552704231438327900152302540348097243854039966655366469794954476199158014113179232779520163209900691930075274801398564434658077048963842109321447142660";

#[test]
fn without_a_terminal_nobody_is_asked_and_nothing_read() {
    run(&["phone", "--qr", CODE, "--domain-id", "266"])
        .assert_malformed("--approve ask needs a terminal");
}

#[test]
fn a_text_that_is_no_code() {
    let flags = ["--domain-id", "266", "--approve", "never"];
    let said = run(&[&["phone", "--qr", "https://example.com"][..], &flags].concat());
    said.assert_malformed("--qr: the code does not start with FIDO:/");
}

#[test]
fn a_picture_without_a_code_and_no_picture_at_all() {
    let scene = Scene::new();
    let flags = ["--domain-id", "266", "--approve", "never"];
    let missing = scene.file("missing.png");
    let said = run(&[&["phone", "--qr-image", &missing][..], &flags].concat());
    said.assert_malformed("missing.png: No such file");
    std::fs::write(scene.path("text.png"), "not a picture").unwrap();
    let text = scene.file("text.png");
    let said = run(&[&["phone", "--qr-image", &text][..], &flags].concat());
    said.assert_malformed("not a readable PNG or JPEG image");
}

#[test]
fn a_tunnel_domain_that_nobody_has() {
    let said = run(&[
        "phone",
        "--qr",
        CODE,
        "--domain-id",
        "7",
        "--approve",
        "never",
    ]);
    said.assert_malformed("--domain-id: tunnel domain 7 is not assigned");
}

#[test]
fn flags_that_make_no_sense() {
    let phone = [
        "phone",
        "--qr",
        CODE,
        "--domain-id",
        "266",
        "--approve",
        "never",
    ];
    let scene = Scene::new();
    let ca = scene.file("ca.pem");
    std::fs::write(&ca, "no certificate").unwrap();
    for (flags, words) in [
        (
            ["--connect", "nowhere"],
            "--connect: \"nowhere\" is not HOST:PORT",
        ),
        (
            ["--tunnel-service", "ws://192.0.2.1:80"],
            "--tunnel-service: ",
        ),
        (["--ca", ca.as_str()], "no certificate in the PEM"),
        (
            ["--ca", "/nonexistent/ca.pem"],
            "--ca /nonexistent/ca.pem: No such file",
        ),
    ] {
        run(&[&phone[..], &flags[..]].concat()).assert_malformed(words);
    }
    let both = [
        "--connect",
        "localhost:1",
        "--tunnel-service",
        "ws://localhost:1",
    ];
    let said = run(&[&phone[..], &both[..]].concat());
    assert_eq!(said.code, Some(2));
    let neither = run(&["phone", "--qr", CODE]);
    assert_eq!(neither.code, Some(2));
    for flag in ["--domain-id <N>", "--tunnel-service <URL>"] {
        assert!(neither.err.contains(flag), "{}", neither.err);
    }
    let without_a_code = run(&["phone", "--domain-id", "266"]);
    assert_eq!(without_a_code.code, Some(2));
    for flag in ["--qr <URI>", "--qr-image <FILE>"] {
        assert!(without_a_code.err.contains(flag), "{}", without_a_code.err);
    }
    let both = ["--qr", CODE, "--qr-image", "code.png"];
    let said = run(&[&["phone", "--domain-id", "266"][..], &both].concat());
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("cannot be used with"), "{}", said.err);
}

#[test]
fn a_relay_that_is_down() {
    let scene = Scene::new();
    let (url, air) = (nobodys_url(), scene.file("air"));
    let flags = [
        "--tunnel-service",
        &url,
        "--air",
        &air,
        "--approve",
        "never",
        "--json",
    ];
    let said = run(&[&["phone", "--qr", CODE][..], &flags].concat());
    assert_eq!(said.code, Some(1));
    let words = "error: the tunnel service cannot be reached: check the network and scan again: cannot connect to 127.0.0.1";
    assert!(said.err.contains(words), "{}", said.err);
    assert_eq!(said.json()["fulfilled"], false);
    assert!(
        said.json()["error"]
            .as_str()
            .unwrap()
            .contains("cannot be reached")
    );
}

#[test]
fn a_passkey_file_in_a_directory_that_is_not_there() {
    let scene = Scene::new();
    let store = scene.file("no-such/passkeys.json");
    let flags = [
        "--domain-id",
        "266",
        "--approve",
        "never",
        "--store",
        &store,
    ];
    let said = run(&[&["phone", "--qr", CODE][..], &flags].concat());
    assert_eq!(said.code, Some(2));
    assert!(
        said.err.contains("passkeys.json: there is no directory "),
        "{}",
        said.err
    );
    assert!(!scene.path("no-such").exists());
}

#[test]
fn a_passkey_file_that_others_can_read() {
    let scene = Scene::new();
    let store = scene.file("passkeys.json");
    std::fs::write(&store, "{}").unwrap();
    let said = run(&[
        "phone",
        "--qr",
        CODE,
        "--domain-id",
        "266",
        "--approve",
        "never",
        "--store",
        &store,
    ]);
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("--store: "), "{}", said.err);
}
