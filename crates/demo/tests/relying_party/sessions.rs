//! Cookies.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use hawser_demo::relying_party::SESSION_LIFE;
use serde_json::Value;

use crate::world::{ORIGIN, World, assert_refused, read};

#[tokio::test]
async fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let world = World::new();
    let request = Request::post("/password")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(
            r#"{"user": "alice", "password": "alice's password"}"#,
        ))
        .unwrap();
    let response = world.browser().send(request).await;
    let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap();
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, "HttpOnly; SameSite=Strict; Path=/");
    let secret = pair.strip_prefix("hawser_session=").unwrap();
    assert_eq!(secret.len(), 43, "32 random bytes in base64url");
}

#[tokio::test]
async fn each_step_up_changes_the_cookie_and_the_old_one_dies() {
    let world = World::new();
    let mut phone = world.enrolled_phone("alice").await;
    let mut browser = world.browser_of("alice").await;
    let mut planted = browser.clone();

    let (status, _) = browser.password("alice", "alice's password").await;
    assert_eq!(status, StatusCode::OK);
    assert_ne!(browser.cookie, planted.cookie);
    let dead = planted.get("/me").await;
    assert_refused(dead, StatusCode::UNAUTHORIZED, "no_session");

    planted = browser.clone();
    let options = browser.begin("/sign-in/begin").await;
    let answer = phone.sign_in(ORIGIN, options).await;
    browser.post("/sign-in/finish", &answer).await;
    assert_ne!(browser.cookie, planted.cookie);
    let dead = planted.get("/me").await;
    assert_refused(dead, StatusCode::UNAUTHORIZED, "no_session");
    assert_eq!(browser.standing().await["signed_in"], true);
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let world = World::new();
    let mut browser = world.browser_of("alice").await;
    let kept = browser.cookie.clone();
    let (status, _) = browser.post("/sign-out", &Value::Null).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_ne!(browser.cookie, kept);
    browser.cookie = kept;
    let over = browser.get("/me").await;
    assert_refused(over, StatusCode::UNAUTHORIZED, "no_session");
}

#[tokio::test]
async fn an_answer_after_signing_out_signs_nobody_in() {
    let world = World::new();
    let mut phone = world.enrolled_phone("alice").await;
    let mut browser = world.browser_of("alice").await;
    let kept = browser.cookie.clone();
    let options = browser.begin("/sign-in/begin").await;
    let answer = phone.sign_in(ORIGIN, options).await;
    browser.post("/sign-out", &Value::Null).await;
    browser.cookie = kept;
    let refused = browser.post("/sign-in/finish", &answer).await;
    assert_refused(refused, StatusCode::UNAUTHORIZED, "no_session");
}

#[tokio::test]
async fn a_session_ends_by_itself() {
    let world = World::new();
    let mut browser = world.browser_of("alice").await;
    world.pass(SESSION_LIFE);
    let over = browser.get("/me").await;
    assert_refused(over, StatusCode::UNAUTHORIZED, "no_session");
}

#[tokio::test]
async fn pages_of_another_origin_are_turned_away() {
    let world = World::new();
    let mut browser = world.browser_of("alice").await;
    for origin in ["http://localhost:1", "https://evil.example", "null"] {
        let request = Request::post("/register/begin")
            .header(header::ORIGIN, origin)
            .body(Body::empty())
            .unwrap();
        let refused = read(browser.send(request).await).await;
        assert_refused(refused, StatusCode::FORBIDDEN, "other_origin");
    }
    let request = Request::post("/register/begin")
        .header(header::ORIGIN, ORIGIN)
        .body(Body::empty())
        .unwrap();
    assert_eq!(browser.send(request).await.status(), StatusCode::OK);
}
