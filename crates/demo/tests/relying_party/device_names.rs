//! Names that people give, and names that nobody should.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::world::{Browser, ORIGIN, Phone, World, assert_refused};

async fn begin(browser: &mut Browser, name: &str) -> (StatusCode, Value) {
    browser
        .post("/register/begin", &json!({ "name": name }))
        .await
}

/// Registers a phone under a name, in a session that may.
async fn register(browser: &mut Browser, name: &str) -> Phone {
    let (status, options) = begin(browser, name).await;
    assert_eq!(status, StatusCode::OK, "{options}");
    let mut phone = Phone::new();
    let answer = phone.register(ORIGIN, options).await;
    let (status, body) = browser.post("/register/finish", &answer).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    phone
}

async fn sign_in(browser: &mut Browser, phone: &mut Phone) {
    let options = browser.begin("/sign-in/begin").await;
    let answer = phone.sign_in(ORIGIN, options).await;
    let (status, body) = browser.post("/sign-in/finish", &answer).await;
    assert_eq!(status, StatusCode::OK, "{body}");
}

#[tokio::test]
async fn any_script_and_any_markup_is_a_name() {
    let world = World::new();
    let mut browser = world.browser_of("alice").await;
    let mut phone = register(&mut browser, "<script>alert(1)</script>").await;
    sign_in(&mut browser, &mut phone).await;
    register(&mut browser, "הטלפון שלי").await;
    let audit = world.audit().await;
    let named = audit
        .iter()
        .filter(|line| line.contains("device_registered"));
    let named: Vec<_> = named.collect();
    assert_eq!(
        named[0],
        "alice device_registered alice <script>alert(1)</script>"
    );
    assert_eq!(named[1], "alice device_registered alice הטלפון שלי");
}

#[tokio::test]
async fn names_that_will_not_do() {
    let world = World::new();
    let mut browser = world.browser_of("alice").await;
    for (name, words) in [
        (String::new(), "give the device a name"),
        (" \t ".to_owned(), "give the device a name"),
        ("x".repeat(65), "at most 64 characters"),
        ("x".repeat(10_000), "at most 64 characters"),
        ("\u{202e}enohp".to_owned(), "control characters"),
        ("a\u{0}b".to_owned(), "control characters"),
    ] {
        let refused = begin(&mut browser, &name).await;
        let message = assert_refused(refused, StatusCode::BAD_REQUEST, "device_name");
        assert!(message.contains(words), "{message}");
    }
    assert_eq!(browser.standing().await["passkeys"], 0);
}

#[tokio::test]
async fn a_doubled_name_is_refused_before_anybody_scans() {
    let world = World::new();
    let mut browser = world.browser_of("alice").await;
    let mut phone = register(&mut browser, "My phone").await;
    sign_in(&mut browser, &mut phone).await;
    for doubled in ["My phone", "my  PHONE", "My\u{200b} phone"] {
        let refused = begin(&mut browser, doubled).await;
        assert_refused(refused, StatusCode::CONFLICT, "device_name_taken");
    }
    // Others may call theirs the same.
    let mut bob = world.browser_of("bob").await;
    register(&mut bob, "My phone").await;
}

#[tokio::test]
async fn a_name_that_was_taken_meanwhile_loses_nothing() {
    let world = World::new();
    let mut browser = world.browser_of("alice").await;
    let mut phone = register(&mut browser, "First").await;
    sign_in(&mut browser, &mut phone).await;
    let mut other = world.browser_of("alice").await;
    sign_in(&mut other, &mut phone).await;

    let (_, options) = begin(&mut browser, "Second").await;
    register(&mut other, "Second").await;
    let answer = Phone::new().register(ORIGIN, options).await;
    let refused = browser.post("/register/finish", &answer).await;
    assert_refused(refused, StatusCode::CONFLICT, "device_name_taken");
    assert_eq!(browser.standing().await["passkeys"], 2);
}

#[tokio::test]
async fn without_a_name_devices_are_numbered() {
    let world = World::new();
    world.enrolled_phone("alice").await;
    let audit = world.audit().await;
    assert!(
        audit.contains(&"alice device_registered alice Passkey 1".to_owned()),
        "{audit:?}"
    );
}
