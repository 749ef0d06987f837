//! Devices on their page: renamed, deleted, and the last one kept.

use axum::http::StatusCode;
use hawser_demo::console::admin::Command;
use hawser_demo::relying_party::policy::{CohortSize, Mode, Population};
use serde_json::{Value, json};

use crate::forger::{Forger, GOOD};
use crate::visitor::{Harbour, Visitor};

/// The number of a device, by its place on the page.
async fn number(visitor: &mut Visitor, place: usize) -> String {
    let page = visitor.get("/devices").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    let devices: Vec<_> = page
        .text
        .split(r#"name="device" value=""#)
        .skip(1)
        .collect();
    // Each device has two forms.
    devices[2 * place].split('"').next().unwrap().to_owned()
}

async fn enforce(harbour: &Harbour) {
    harbour
        .admin(Command::SetMode(Population::Users, Mode::Enforced))
        .await
        .unwrap();
    harbour
        .admin(Command::RollOut(CohortSize::Percent(100)))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_device_is_renamed_and_deleted() {
    let harbour = Harbour::open().await;
    let (mut alice, _) = harbour.enrolled("alice").await;
    let device = number(&mut alice, 0).await;
    let fields = [("device", device.as_str()), ("name", "  Old   phone ")];
    alice
        .post("/devices/rename", &fields)
        .await
        .assert_leads_to("/devices");
    assert!(
        alice
            .get("/devices")
            .await
            .text
            .contains("<bdi>Old phone</bdi>")
    );

    let fields = [("device", device.as_str())];
    alice
        .post("/devices/delete", &fields)
        .await
        .assert_leads_to("/devices");
    assert!(alice.get("/devices").await.text.contains("No devices yet"));
    let again = alice.post("/devices/delete", &fields).await;
    again.assert_alert(StatusCode::NOT_FOUND, "You have no such device");
}

#[tokio::test]
async fn markup_in_a_name_is_text() {
    let harbour = Harbour::open().await;
    let (mut alice, _) = harbour.enrolled("alice").await;
    let device = number(&mut alice, 0).await;
    let name = r#"<img src=x onerror="alert(1)">"#;
    let fields = [("device", device.as_str()), ("name", name)];
    alice
        .post("/devices/rename", &fields)
        .await
        .assert_leads_to("/devices");
    for path in ["/devices", "/"] {
        let page = alice.get(path).await;
        assert!(!page.text.contains("<img src=x"), "{path}");
        assert!(page.text.contains("&lt;img src=x"), "{path}");
    }
}

#[tokio::test]
async fn names_that_will_not_do_are_explained_on_the_page() {
    let harbour = Harbour::open().await;
    let (mut alice, forger) = harbour.enrolled("alice").await;
    alice.enrol(&Forger::new(GOOD), "Second").await;
    alice.show_passkey(&forger).await;
    let device = number(&mut alice, 0).await;
    let long = "x".repeat(10_000);
    for (name, status, words) in [
        ("", StatusCode::BAD_REQUEST, "Give the device a name"),
        (
            long.as_str(),
            StatusCode::BAD_REQUEST,
            "at most 64 characters",
        ),
        ("\u{202e}x", StatusCode::BAD_REQUEST, "control characters"),
        (
            "second",
            StatusCode::CONFLICT,
            "You have a device of this name",
        ),
    ] {
        let fields = [("device", device.as_str()), ("name", name)];
        let page = alice.post("/devices/rename", &fields).await;
        page.assert_alert(status, words);
        assert!(page.text.contains("<bdi>First</bdi>"), "nothing was lost");
    }
}

#[tokio::test]
async fn the_last_device_stays_while_mfa_is_enforced() {
    let harbour = Harbour::open().await;
    let (mut alice, _) = harbour.enrolled("alice").await;
    enforce(&harbour).await;
    let first = number(&mut alice, 0).await;
    let fields = [("device", first.as_str())];
    let page = alice.post("/devices/delete", &fields).await;
    page.assert_alert(StatusCode::CONFLICT, "This is your last device");
    assert!(page.text.contains("<bdi>First</bdi>"), "nothing was lost");
    let told = harbour.admin(Command::Audit {
        user: Some("alice".into()),
        most: 10,
    });
    assert!(told.await.unwrap().contains("alice deletion_refused alice"));

    alice.enrol(&Forger::new(GOOD), "Second").await;
    alice
        .post("/devices/delete", &fields)
        .await
        .assert_leads_to("/devices");
    assert!(
        !alice
            .get("/devices")
            .await
            .text
            .contains("<bdi>First</bdi>")
    );
}

#[tokio::test]
async fn a_ninth_device_is_refused() {
    let harbour = Harbour::open().await;
    let (mut alice, _) = harbour.enrolled("alice").await;
    for n in 2..=8 {
        alice
            .enrol(&Forger::new(GOOD), &format!("Device {n}"))
            .await;
    }
    let page = alice.get("/devices/new").await;
    page.assert_alert(StatusCode::CONFLICT, "at most 8 passkeys: delete one first");
    let page = alice
        .post_json("/register/begin", &json!({"name": "Ninth"}))
        .await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(
        !alice
            .get("/devices")
            .await
            .text
            .contains("Register a passkey")
    );
}

#[tokio::test]
async fn another_users_device_is_nobodys() {
    let harbour = Harbour::open().await;
    let (mut alice, _) = harbour.enrolled("alice").await;
    let (mut bob, _) = harbour.enrolled("bob").await;
    let device = number(&mut alice, 0).await;
    let fields = [("device", device.as_str()), ("name", "Mine now")];
    for path in ["/devices/rename", "/devices/delete"] {
        let page = bob.post(path, &fields).await;
        page.assert_alert(StatusCode::NOT_FOUND, "You have no such device");
    }
    assert!(
        alice
            .get("/devices")
            .await
            .text
            .contains("<bdi>First</bdi>")
    );
}

#[tokio::test]
async fn a_session_that_showed_no_passkey_changes_no_device() {
    let harbour = Harbour::open().await;
    let (mut alice, _) = harbour.visitor_after_password("alice").await;
    alice.enrol(&Forger::new(GOOD), "First").await;
    // Let in with the password before there was a device: the list may be seen, not changed.
    let page = alice.get("/devices").await;
    assert!(page.text.contains("Unlock with a passkey"));
    assert!(!page.text.contains("/devices/delete"));
    let fields = [("device", "1"), ("name", "Mine now")];
    for path in ["/devices/rename", "/devices/delete"] {
        let page = alice.post(path, &fields).await;
        page.assert_alert(StatusCode::FORBIDDEN, "sign in with it before you change");
    }
    let page = alice.post_json("/register/begin", &Value::Null).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_deleted_passkey_no_longer_signs_in_and_the_browser_is_told() {
    let harbour = Harbour::open().await;
    let (mut alice, forger) = harbour.enrolled("alice").await;
    alice.enrol(&Forger::new(GOOD), "Second").await;
    let (mut elsewhere, _) = harbour.visitor_after_password("alice").await;
    let options = elsewhere.options("/sign-in/begin", &Value::Null).await;
    let first = number(&mut alice, 0).await;
    alice
        .post("/devices/delete", &[("device", first.as_str())])
        .await;

    let answer = forger.sign_in(&elsewhere.origin, &options);
    let page = elsewhere.post_json("/sign-in/finish", &answer).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    // The script passes this code on to signalUnknownCredential.
    assert_eq!(page.json()["error"], "unknown_passkey");
}

#[tokio::test]
async fn every_device_is_offered_a_name_that_is_free() {
    let harbour = Harbour::open().await;
    let (mut alice, _) = harbour.visitor_after_password("alice").await;
    for place in 0..8 {
        if place == 5 {
            // A gap in the numbers.
            let second = number(&mut alice, 2).await;
            let fields = [("device", second.as_str())];
            let page = alice.post("/devices/delete", &fields).await;
            page.assert_leads_to("/devices");
        }
        let page = alice.get("/devices/new").await.text;
        let name = page.split("data-name value=\"").nth(1).unwrap();
        let name = name.split('"').next().unwrap().to_owned();
        let forger = Forger::new(GOOD);
        alice.enrol(&forger, &name).await;
        if place == 0 {
            assert_eq!(name, "My phone");
            alice.show_passkey(&forger).await;
        }
    }
    let page = alice.get("/devices").await.text;
    assert!(page.contains("7 of at most 8 devices"), "{page}");
    assert!(page.contains("My phone 3"), "{page}");
}
