//! A site at `https://example.com`, and others that would like to be it.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::json;

use crate::forger::{Forger, GOOD};
use crate::world::{World, assert_refused};

const SITE: &str = "https://example.com";
const OTHERS: [&str; 5] = [
    "https://evil-example.com",
    "https://example.com.evil.com",
    "https://login.example.com",
    "http://example.com",
    "https://example.com:8443",
];

#[tokio::test]
async fn the_origin_is_compared_as_a_whole() {
    let world = World::at(SITE);
    let forger = Forger::new(GOOD);
    let mut browser = world.browser_of("alice").await;
    for other in OTHERS {
        let options = browser.begin("/register/begin").await;
        let answer = forger.register(other, &options);
        let refused = browser.post("/register/finish", &answer).await;
        let message = assert_refused(refused, StatusCode::FORBIDDEN, "not_verified");
        assert!(
            message.ends_with("made for another site"),
            "{other}: {message}"
        );
    }
    let options = browser.begin("/register/begin").await;
    assert_eq!(options["publicKey"]["rp"]["id"], "example.com");
    let answer = forger.register(SITE, &options);
    let (status, body) = browser.post("/register/finish", &answer).await;
    assert_eq!(status, StatusCode::OK, "{body}");

    for other in OTHERS {
        let options = browser.begin("/sign-in/begin").await;
        let answer = forger.sign_in(other, &options);
        let refused = browser.post("/sign-in/finish", &answer).await;
        let message = assert_refused(refused, StatusCode::FORBIDDEN, "not_verified");
        assert!(
            message.ends_with("made for another site"),
            "{other}: {message}"
        );
    }
    let options = browser.begin("/sign-in/begin").await;
    let answer = forger.sign_in(SITE, &options);
    let (status, body) = browser.post("/sign-in/finish", &answer).await;
    assert_eq!(status, StatusCode::OK, "{body}");
}

#[tokio::test]
async fn the_relying_party_id_is_what_was_signed() {
    let world = World::at(SITE);
    let mut forger = Forger::new(GOOD);
    let mut browser = world.browser_of("alice").await;
    let options = browser.begin("/register/begin").await;
    let answer = forger.register(SITE, &options);
    browser.post("/register/finish", &answer).await;

    forger.rp_id = Some("evil-example.com");
    let options = browser.begin("/sign-in/begin").await;
    let answer = forger.sign_in(SITE, &options);
    let refused = browser.post("/sign-in/finish", &answer).await;
    let message = assert_refused(refused, StatusCode::FORBIDDEN, "not_verified");
    assert!(message.ends_with("made for another site"), "{message}");
}

#[tokio::test]
async fn with_tls_the_cookie_is_secure_and_bound_to_the_host() {
    let world = World::at(SITE);
    let body = json!({"user": "alice", "password": "alice's password"}).to_string();
    let request = Request::post("/password")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body))
        .unwrap();
    let response = world.browser().send(request).await;
    let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("__Host-hawser_session="), "{cookie}");
    let attributes = cookie.split_once("; ").unwrap().1;
    assert_eq!(attributes, "HttpOnly; SameSite=Strict; Secure; Path=/");
}
