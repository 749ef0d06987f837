//! What the authenticator says about its user and about backups (WebAuthn Level 3 §6.1.3).

use axum::http::StatusCode;
use serde_json::Value;

use crate::forger::{BACKED_UP, BACKUP_ELIGIBLE, Forger, GOOD, USER_PRESENT};
use crate::world::{Browser, ORIGIN, World, assert_refused};

async fn register(browser: &mut Browser, forger: &Forger) -> (StatusCode, Value) {
    let options = browser.begin("/register/begin").await;
    let answer = forger.register(ORIGIN, &options);
    browser.post("/register/finish", &answer).await
}

async fn sign_in(browser: &mut Browser, forger: &Forger) -> (StatusCode, Value) {
    let options = browser.begin("/sign-in/begin").await;
    let answer = forger.sign_in(ORIGIN, &options);
    browser.post("/sign-in/finish", &answer).await
}

#[tokio::test]
async fn bound_and_synced_passkeys_are_accepted() {
    let world = World::new();
    for (user, flags) in [("alice", GOOD), ("bob", GOOD | BACKUP_ELIGIBLE | BACKED_UP)] {
        let forger = Forger::new(flags);
        let mut browser = world.browser_of(user).await;
        let (status, body) = register(&mut browser, &forger).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        let (status, body) = sign_in(&mut browser, &forger).await;
        assert_eq!(status, StatusCode::OK, "{body}");
    }
}

#[tokio::test]
async fn a_backup_may_come_and_go() {
    let world = World::new();
    let mut forger = Forger::new(GOOD | BACKUP_ELIGIBLE);
    let mut browser = world.browser_of("alice").await;
    register(&mut browser, &forger).await;
    for flags in [GOOD | BACKUP_ELIGIBLE | BACKED_UP, GOOD | BACKUP_ELIGIBLE] {
        forger.flags = flags;
        let (status, body) = sign_in(&mut browser, &forger).await;
        assert_eq!(status, StatusCode::OK, "{body}");
    }
}

#[tokio::test]
async fn backed_up_without_being_eligible() {
    let world = World::new();
    let mut browser = world.browser_of("alice").await;
    let refused = register(&mut browser, &Forger::new(GOOD | BACKED_UP)).await;
    assert_refused(refused, StatusCode::FORBIDDEN, "not_verified");
    assert_eq!(browser.standing().await["passkeys"], 0);

    let mut forger = Forger::new(GOOD);
    register(&mut browser, &forger).await;
    forger.flags |= BACKED_UP;
    let refused = sign_in(&mut browser, &forger).await;
    assert_refused(refused, StatusCode::FORBIDDEN, "not_verified");
    assert_eq!(browser.standing().await["signed_in"], false);
}

#[tokio::test]
async fn eligibility_that_changes() {
    for (before, after) in [
        (GOOD, GOOD | BACKUP_ELIGIBLE),
        (GOOD | BACKUP_ELIGIBLE, GOOD),
    ] {
        let world = World::new();
        let mut forger = Forger::new(before);
        let mut browser = world.browser_of("alice").await;
        register(&mut browser, &forger).await;
        forger.flags = after;
        let refused = sign_in(&mut browser, &forger).await;
        let message = assert_refused(refused, StatusCode::FORBIDDEN, "not_verified");
        assert!(
            message.contains("between a synced and a bound"),
            "{message}"
        );
        assert_eq!(browser.standing().await["signed_in"], false);
    }
}

#[tokio::test]
async fn a_user_who_was_not_verified() {
    let world = World::new();
    let mut browser = world.browser_of("alice").await;
    let refused = register(&mut browser, &Forger::new(USER_PRESENT)).await;
    assert_refused(refused, StatusCode::FORBIDDEN, "not_verified");
    let mut forger = Forger::new(GOOD);
    register(&mut browser, &forger).await;
    forger.flags = USER_PRESENT;
    let refused = sign_in(&mut browser, &forger).await;
    let message = assert_refused(refused, StatusCode::FORBIDDEN, "not_verified");
    assert!(message.ends_with("did not verify its user"), "{message}");
}
