//! What becomes of sessions when a passkey comes or goes.

use axum::http::StatusCode;
use hawser_demo::console::admin::Command;

use crate::forger::{Forger, GOOD};
use crate::visitor::Harbour;

#[tokio::test]
async fn with_the_first_passkey_the_password_alone_is_worth_less_everywhere() {
    let harbour = Harbour::open().await;
    let (mut thief, _) = harbour.visitor_after_password("alice").await;
    assert_eq!(thief.get("/").await.status, StatusCode::OK);
    let (mut alice, _) = harbour.visitor_after_password("alice").await;
    let forger = Forger::new(GOOD);
    alice.enrol(&forger, "First").await;

    for path in ["/", "/devices", "/devices/new"] {
        thief.get(path).await.assert_leads_to("/sign-in/passkey");
    }
    // Whoever registered it is not sent away, and with it everything is open.
    assert_eq!(alice.get("/devices").await.status, StatusCode::OK);
    thief.show_passkey(&forger).await;
    assert_eq!(thief.get("/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_administrator_with_a_passkey_shows_it_first() {
    let harbour = Harbour::open().await;
    let (mut root, _) = harbour.visitor_after_password("root").await;
    assert_eq!(root.get("/admin").await.status, StatusCode::OK);
    let forger = Forger::new(GOOD);
    root.enrol(&forger, "First").await;

    for path in ["/admin", "/admin/audit"] {
        root.get(path).await.assert_leads_to("/sign-in/passkey");
    }
    for (path, fields) in [
        ("/admin/switch", [("to", "suspended")]),
        ("/admin/reset", [("user", "bob")]),
        ("/admin/clock", [("days", "1")]),
    ] {
        let page = root.post(path, &fields).await;
        page.assert_leads_to("/sign-in/passkey");
    }
    let status = harbour.admin(Command::Status).await.unwrap();
    assert!(status.contains("Enforcement runs."), "{status}");
    root.show_passkey(&forger).await;
    let page = root.post("/admin/switch", &[("to", "suspended")]).await;
    page.assert_leads_to("/admin");
}

#[tokio::test]
async fn whoever_has_the_deleted_phone_is_signed_out() {
    let harbour = Harbour::open().await;
    let (mut alice, lost) = harbour.enrolled("alice").await;
    let (mut finder, _) = harbour.visitor_after_password("alice").await;
    finder.show_passkey(&lost).await;
    assert_eq!(finder.get("/").await.status, StatusCode::OK);
    let (mut bob, _) = harbour.enrolled("bob").await;

    alice.enrol(&Forger::new(GOOD), "Second").await;
    let page = alice.get("/devices").await.text;
    let device = page.split(r#"name="device" value=""#).nth(1).unwrap();
    let device = device.split('"').next().unwrap();
    let page = alice.post("/devices/delete", &[("device", device)]).await;
    page.assert_leads_to("/devices");

    finder.get("/").await.assert_leads_to("/sign-in");
    assert_eq!(alice.get("/devices").await.status, StatusCode::OK);
    assert_eq!(bob.get("/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_browser_hears_that_the_last_passkey_is_gone() {
    let harbour = Harbour::open().await;
    let (mut alice, _) = harbour.enrolled("alice").await;
    let page = alice.get("/devices").await.text;
    let accepted = page.split(r#"data-accepted=""#).nth(1).unwrap();
    assert!(!accepted.starts_with('"'), "{page}");
    let device = page.split(r#"name="device" value=""#).nth(1).unwrap();
    let device = device.split('"').next().unwrap();
    alice.post("/devices/delete", &[("device", device)]).await;
    let page = alice.get("/devices").await.text;
    let accepted = page.split(r#"data-accepted=""#).nth(1).unwrap();
    assert!(accepted.starts_with('"'), "{page}");
}
