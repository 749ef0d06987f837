//! How an authenticator can be reached: kept at registration, given back at sign-in.

use axum::http::StatusCode;
use ciborium::Value as Cbor;
use hawser_demo::relying_party::{MAX_BODY, MAX_CREDENTIAL_ID};
use serde_json::json;

use crate::forger::{Forger, GOOD};
use crate::world::{ORIGIN, World, assert_refused};

#[tokio::test]
async fn transports_come_back_with_the_passkey_and_unknown_ones_do_not() {
    let world = World::new();
    let mut forger = Forger::new(GOOD);
    forger.transports = ["hybrid", "carrier-pigeon", "internal", "hybrid"]
        .map(str::to_owned)
        .to_vec();
    let mut browser = world.browser_of("alice").await;
    let options = browser.begin("/register/begin").await;
    let answer = forger.register(ORIGIN, &options);
    let (status, body) = browser.post("/register/finish", &answer).await;
    assert_eq!(status, StatusCode::OK, "{body}");

    let options = browser.begin("/sign-in/begin").await;
    let allowed = &options["publicKey"]["allowCredentials"][0];
    assert_eq!(allowed["transports"], json!(["hybrid", "internal"]));
    let answer = forger.sign_in(ORIGIN, &options);
    let (status, body) = browser.post("/sign-in/finish", &answer).await;
    assert_eq!(status, StatusCode::OK, "{body}");
}

#[tokio::test]
async fn an_authenticator_that_names_none_is_still_found() {
    let world = World::new();
    let mut forger = Forger::new(GOOD);
    forger.transports = vec!["telepathy".into()];
    let mut browser = world.browser_of("alice").await;
    let options = browser.begin("/register/begin").await;
    let answer = forger.register(ORIGIN, &options);
    browser.post("/register/finish", &answer).await;
    let options = browser.begin("/sign-in/begin").await;
    let allowed = &options["publicKey"]["allowCredentials"][0];
    assert!(allowed["transports"].is_null(), "{allowed}");
}

#[tokio::test]
async fn an_attestation_of_unreasonable_size() {
    let world = World::new();
    let forger = Forger::new(GOOD);
    let mut browser = world.browser_of("alice").await;
    let options = browser.begin("/register/begin").await;
    let padding = Cbor::Map(vec![(
        Cbor::Text("x5c".into()),
        Cbor::Bytes(vec![0; MAX_BODY]),
    )]);
    let answer = forger.register_with(ORIGIN, &options, padding);
    let refused = browser.post("/register/finish", &answer).await;
    let message = assert_refused(refused, StatusCode::PAYLOAD_TOO_LARGE, "malformed");
    assert_eq!(message, "the request has more than 65536 bytes");

    // Nothing was lost: the challenge is still open.
    let answer = forger.register(ORIGIN, &options);
    let (status, body) = browser.post("/register/finish", &answer).await;
    assert_eq!(status, StatusCode::OK, "{body}");
}

#[tokio::test]
async fn a_credential_id_at_the_limit_and_beyond() {
    let world = World::new();
    for (user, length, expected) in [
        ("alice", MAX_CREDENTIAL_ID, StatusCode::OK),
        (
            "bob",
            MAX_CREDENTIAL_ID + 1,
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
    ] {
        let mut forger = Forger::new(GOOD);
        forger.id = vec![7; length];
        let mut browser = world.browser_of(user).await;
        let options = browser.begin("/register/begin").await;
        let answer = forger.register(ORIGIN, &options);
        let (status, body) = browser.post("/register/finish", &answer).await;
        assert_eq!(status, expected, "{body}");
    }
}
