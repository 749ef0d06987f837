//! `hawser demo`, both ways.

use hawser_demo::qr_picture;
use serde_json::Value;

use crate::program::run;

fn stages(report: &Value, part: &str) -> Vec<String> {
    let stages = report["stages"].as_array().unwrap().iter();
    stages
        .filter(|stage| stage["part"] == part)
        .map(|stage| stage["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_story_is_told_and_ends_well() {
    let said = run(&["demo"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(said.err, "");
    for words in [
        "proximity is simulated",
        "Enrolling a passkey",
        "Signing in",
        "waiting for approval",
        "make a passkey as alice? Yes.",
        "alice is signed in",
        "The site verified both",
        "14 messages went through the relay",
    ] {
        assert!(said.out.contains(words), "{words:?} in {}", said.out);
    }
    assert!(!said.out.contains('\u{1b}'), "no escapes into a pipe");
}

#[test]
fn what_is_told_can_be_scanned() {
    let said = run(&["demo", "--refuse"]);
    let code = qr_picture::read_terminal(&said.out).unwrap();
    hawser_proto::Invitation::parse(&code).unwrap();
}

#[test]
fn json_is_the_only_output_and_the_story_goes_to_standard_error() {
    let said = run(&["demo", "--json"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(said.out.lines().count(), 1);
    let report = said.json();
    assert_eq!(report["registered"], true);
    assert_eq!(report["signed_in"], true);
    assert_eq!(report["relay_messages"], 14);
    assert!(report["elapsed_ms"].as_u64().unwrap() > 0);
    assert_eq!(stages(&report, "setup"), ["relay_up", "site_up"]);
    for part in ["register", "sign_in"] {
        let stages = stages(&report, part);
        assert_eq!(stages.first().unwrap(), "password_accepted");
        assert!(stages.contains(&"qr_scanned".to_owned()));
        assert_eq!(stages.last().unwrap(), "verified");
    }
    assert!(said.err.contains("alice is signed in"), "{}", said.err);
}

#[test]
fn a_refusal_is_said_plainly_and_fails() {
    let said = run(&["demo", "--refuse", "--json"]);
    assert_eq!(said.code, Some(1));
    assert!(
        said.err
            .contains("The laptop says: the request was declined on the phone")
    );
    assert!(!said.err.contains("verified both"), "{}", said.err);
    let report = said.json();
    assert_eq!(report["registered"], false);
    assert_eq!(report["signed_in"], false);
    assert_eq!(stages(&report, "sign_in"), Vec::<String>::new());
}

#[test]
fn a_console_does_not_make_the_directory_of_its_file() {
    let scene = crate::scene::Scene::new();
    let store = scene.file("no-such/console.sqlite");
    let said = run(&[
        "demo",
        "--web",
        "--listen",
        "127.0.0.1:0",
        "--store",
        &store,
    ]);
    said.assert_malformed("console.sqlite: there is no directory ");
    assert!(!scene.path("no-such").exists());
}

#[test]
fn help_tells_the_exit_codes() {
    let said = run(&["demo", "--help"]);
    assert_eq!(said.code, Some(0));
    for words in ["--refuse", "--slow", "--json", "Exit codes"] {
        assert!(said.out.contains(words), "{words:?} in {}", said.out);
    }
}

#[test]
fn completions_and_manual_pages_are_made_from_the_same_description() {
    let said = run(&["completions", "bash"]);
    assert_eq!(said.code, Some(0));
    assert!(said.out.contains("sign-in"), "{}", said.out);
    let scene = crate::scene::Scene::new();
    let directory = scene.path("man");
    std::fs::create_dir(&directory).unwrap();
    let said = run(&["man", directory.to_str().unwrap()]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let page = std::fs::read_to_string(directory.join("hawser-laptop-sign-in.1")).unwrap();
    assert!(page.contains("Relying party id"), "{page}");
}
