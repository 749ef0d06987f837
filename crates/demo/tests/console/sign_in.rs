//! The way in.

use axum::http::{StatusCode, header};
use hawser_demo::console::DEMO_PASSWORD;

use crate::visitor::Harbour;

#[tokio::test]
async fn without_a_policy_the_password_is_enough() {
    let harbour = Harbour::open().await;
    let (mut alice, page) = harbour.visitor_after_password("alice").await;
    page.assert_leads_to("/");
    let home = alice.get("/").await;
    assert_eq!(home.status, StatusCode::OK);
    assert!(home.text.contains("Alice Winchester"));
    assert!(
        home.text
            .contains("Only your password protects this account")
    );
}

#[tokio::test]
async fn a_wrong_password_and_a_missing_user_get_the_same_page() {
    let harbour = Harbour::open().await;
    let mut pages = Vec::new();
    for name in ["alice", "nobody"] {
        let page = harbour.visitor().password(name, "guess").await;
        page.assert_alert(StatusCode::UNAUTHORIZED, "Wrong user name or password.");
        assert!(!page.headers.contains_key(header::SET_COOKIE));
        pages.push(page.text.replace(&format!("value=\"{name}\""), ""));
    }
    assert_eq!(pages[0], pages[1]);
}

#[tokio::test]
async fn whoever_has_a_passkey_does_not_get_past_the_challenge_without() {
    let harbour = Harbour::open().await;
    let (_, forger) = harbour.enrolled("alice").await;
    let (mut thief, page) = harbour.visitor_after_password("alice").await;
    page.assert_leads_to("/sign-in/passkey");
    for path in ["/", "/devices", "/devices/new", "/admin", "/admin/audit"] {
        thief.get(path).await.assert_leads_to("/sign-in/passkey");
    }
    let skipped = thief.post("/sign-in/notice", &[]).await;
    assert_eq!(skipped.status, StatusCode::FORBIDDEN);
    thief.show_passkey(&forger).await;
    assert_eq!(thief.get("/").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_planted_cookie_is_worth_nothing() {
    let harbour = Harbour::open().await;
    let mut alice = harbour.visitor();
    let planted = "hawser_session=planted-by-somebody-else".to_owned();
    alice.cookie = Some(planted.clone());
    alice.password("alice", DEMO_PASSWORD).await;
    assert_ne!(alice.cookie.as_ref(), Some(&planted));
    let mut attacker = harbour.visitor();
    attacker.cookie = Some(planted);
    attacker.get("/").await.assert_leads_to("/sign-in");

    // A real session that was planted ends at sign-in.
    let (attacker, _) = harbour.visitor_after_password("bob").await;
    let mut victim = attacker.clone();
    let mut attacker = attacker;
    victim.password("alice", DEMO_PASSWORD).await;
    attacker.get("/").await.assert_leads_to("/sign-in");
    assert!(victim.get("/").await.text.contains("Alice Winchester"));
}

#[tokio::test]
async fn leaving_ends_the_session() {
    let harbour = Harbour::open().await;
    let (mut alice, _) = harbour.visitor_after_password("alice").await;
    let cookie = alice.cookie.clone();
    alice.post("/leave", &[]).await.assert_leads_to("/sign-in");
    alice.cookie = cookie;
    alice.get("/").await.assert_leads_to("/sign-in");
}
