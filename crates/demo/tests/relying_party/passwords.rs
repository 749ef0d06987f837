//! The first step.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use hawser_demo::relying_party::{AccountError, MAX_BODY, MAX_PASSWORD};
use serde_json::{Value, json};

use crate::world::{World, assert_refused, read};

#[tokio::test]
async fn the_right_password_opens_a_session() {
    let world = World::new();
    let mut browser = world.browser();
    let (status, standing) = browser.password("alice", "alice's password").await;
    let expected = json!({"user": "alice", "passkeys": 0, "signed_in": false});
    assert_eq!((status, &standing), (StatusCode::OK, &expected));
    assert_eq!(browser.standing().await, expected);
}

#[tokio::test]
async fn a_wrong_password_and_a_missing_user_look_the_same() {
    let world = World::new();
    let mut answers = Vec::new();
    for (user, password) in [
        ("alice", "bob's password"),
        ("alice", ""),
        ("carol", "alice's password"),
        ("", ""),
        ("Alice", "alice's password"),
    ] {
        let body = json!({"user": user, "password": password}).to_string();
        let request = Request::post("/password")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body))
            .unwrap();
        let response = world.browser().send(request).await;
        let headers = response.headers().clone();
        answers.push((headers, read(response).await));
    }
    let (_, first) = &answers[0];
    let message = assert_refused(first.clone(), StatusCode::UNAUTHORIZED, "wrong_password");
    assert_eq!(message, "wrong user name or password");
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert!(!answers[0].0.contains_key(header::SET_COOKIE));
}

#[tokio::test]
async fn a_wrong_password_leaves_the_session_alone() {
    let world = World::new();
    let mut browser = world.browser_of("alice").await;
    let refused = browser.password("bob", "guess").await;
    assert_refused(refused, StatusCode::UNAUTHORIZED, "wrong_password");
    assert_eq!(browser.standing().await["user"], "alice");
}

#[tokio::test]
async fn a_password_of_unreasonable_length_is_not_hashed() {
    let world = World::new();
    let long = "x".repeat(MAX_PASSWORD + 1);
    for user in ["alice", "carol"] {
        let refused = world.browser().password(user, &long).await;
        assert_refused(refused, StatusCode::BAD_REQUEST, "password_too_long");
    }
    let error = world.add_user("carol", "Carol", &long).unwrap_err();
    assert!(matches!(error, AccountError::PasswordTooLong));
}

#[tokio::test]
async fn a_name_is_taken_once() {
    let world = World::new();
    let error = world.add_user("alice", "Mallory", "x").unwrap_err();
    assert!(matches!(error, AccountError::NameTaken));
    world.browser_of("alice").await;
}

#[tokio::test]
async fn malformed_requests_say_what_is_wrong() {
    let world = World::new();
    let mut browser = world.browser();
    let missing = browser.post("/password", &json!({"user": "alice"})).await;
    let message = assert_refused(missing, StatusCode::UNPROCESSABLE_ENTITY, "malformed");
    assert!(message.contains("password"), "{message}");

    let form = Request::post("/password")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from("user=alice&password=alice's+password"))
        .unwrap();
    let form = read(browser.send(form).await).await;
    assert_refused(form, StatusCode::UNSUPPORTED_MEDIA_TYPE, "malformed");

    let huge = json!({"user": "a".repeat(MAX_BODY), "password": ""});
    let huge = browser.post("/password", &huge).await;
    assert_refused(huge, StatusCode::PAYLOAD_TOO_LARGE, "malformed");

    let nowhere = browser.get("/admin").await;
    assert_refused(nowhere, StatusCode::NOT_FOUND, "not_found");
}

#[tokio::test]
async fn nothing_is_done_before_the_password() {
    let world = World::new();
    for cookie in [None, Some("hawser_session=AAAA".to_owned())] {
        let mut browser = world.browser();
        browser.cookie = cookie;
        let refused = browser.get("/me").await;
        assert_refused(refused, StatusCode::UNAUTHORIZED, "no_session");
        for path in ["/register/begin", "/sign-in/begin"] {
            let refused = browser.post(path, &Value::Null).await;
            let message = assert_refused(refused, StatusCode::UNAUTHORIZED, "no_session");
            assert_eq!(message, "enter your password first");
        }
    }
}
