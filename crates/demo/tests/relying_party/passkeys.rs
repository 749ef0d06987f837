//! Both ceremonies as they should go, and the rules about who may begin them.

use axum::http::StatusCode;
use hawser_demo::relying_party::{CHALLENGE_LIFE, MAX_DEVICES};
use serde_json::{Value, json};

use crate::world::{ORIGIN, Phone, World, assert_refused};

#[tokio::test]
async fn password_then_passkey_signs_in() {
    let world = World::new();
    let mut phone = world.enrolled_phone("alice").await;

    let mut browser = world.browser_of("alice").await;
    let before = json!({"user": "alice", "passkeys": 1, "signed_in": false});
    assert_eq!(browser.standing().await, before);

    let options = browser.begin("/sign-in/begin").await;
    let answer = phone.sign_in(ORIGIN, options).await;
    let (status, standing) = browser.post("/sign-in/finish", &answer).await;
    let after = json!({"user": "alice", "passkeys": 1, "signed_in": true});
    assert_eq!((status, &standing), (StatusCode::OK, &after));
    assert_eq!(browser.standing().await, after);
}

#[tokio::test]
async fn registration_asks_for_a_verified_user_on_a_phone() {
    let world = World::new();
    world.enrolled_phone("bob").await;
    let options = world
        .browser_of("alice")
        .await
        .begin("/register/begin")
        .await;
    let options = &options["publicKey"];
    assert_eq!(options["rp"]["id"], "localhost");
    assert_eq!(options["rp"]["name"], "Hawser demo");
    assert_eq!(options["user"]["name"], "alice");
    assert_eq!(options["user"]["displayName"], "Alice");
    assert_eq!(options["hints"], json!(["hybrid"]));
    let selection = &options["authenticatorSelection"];
    assert_eq!(selection["userVerification"], "required");
    assert_eq!(selection["residentKey"], "required");
    assert_eq!(selection["requireResidentKey"], true);
    assert_eq!(options["timeout"], 300_000);
    assert_eq!(CHALLENGE_LIFE.as_millis(), 300_000);
    assert_eq!(options["excludeCredentials"], json!([]));
}

#[tokio::test]
async fn sign_in_asks_for_a_verified_user_and_ones_own_passkeys() {
    let world = World::new();
    let phone = world.enrolled_phone("alice").await;
    world.enrolled_phone("bob").await;
    let options = world
        .browser_of("alice")
        .await
        .begin("/sign-in/begin")
        .await;
    let options = &options["publicKey"];
    assert_eq!(options["rpId"], "localhost");
    assert_eq!(options["userVerification"], "required");
    assert_eq!(options["hints"], json!(["hybrid"]));
    let allowed = options["allowCredentials"].as_array().unwrap();
    let id = data_encoding::BASE64URL_NOPAD.encode(phone.passkeys().keys().next().unwrap());
    assert_eq!(allowed.len(), 1);
    assert_eq!(allowed[0]["id"], json!(id));
}

#[tokio::test]
async fn challenges_differ() {
    let world = World::new();
    world.enrolled_phone("alice").await;
    let mut browser = world.browser_of("alice").await;
    let first = browser.begin("/sign-in/begin").await;
    let second = browser.begin("/sign-in/begin").await;
    let (first, second) = (
        &first["publicKey"]["challenge"],
        &second["publicKey"]["challenge"],
    );
    assert!(first.as_str().unwrap().len() >= 22, "16 bytes at least");
    assert_ne!(first, second);
}

#[tokio::test]
async fn without_a_passkey_there_is_nothing_to_sign_in_with() {
    let world = World::new();
    let mut browser = world.browser_of("alice").await;
    let refused = browser.post("/sign-in/begin", &Value::Null).await;
    let message = assert_refused(refused, StatusCode::CONFLICT, "no_passkey");
    assert_eq!(
        message,
        "this account has no passkey yet: register one first"
    );
}

#[tokio::test]
async fn the_password_alone_does_not_add_a_second_passkey() {
    let world = World::new();
    world.enrolled_phone("alice").await;
    let mut browser = world.browser_of("alice").await;
    let refused = browser.post("/register/begin", &Value::Null).await;
    assert_refused(refused, StatusCode::FORBIDDEN, "passkey_needed");
}

#[tokio::test]
async fn a_registration_begun_before_the_first_passkey_does_not_add_a_second() {
    let world = World::new();
    let mut thief = world.browser_of("alice").await;
    let options = thief.begin("/register/begin").await;
    world.enrolled_phone("alice").await;

    let answer = Phone::new().register(ORIGIN, options).await;
    let refused = thief.post("/register/finish", &answer).await;
    assert_refused(refused, StatusCode::FORBIDDEN, "passkey_needed");
    assert_eq!(thief.standing().await["passkeys"], 1);
}

#[tokio::test]
async fn whoever_is_signed_in_may_add_passkeys_up_to_the_limit() {
    let world = World::new();
    let mut phone = world.enrolled_phone("alice").await;
    let mut browser = world.browser_of("alice").await;
    let options = browser.begin("/sign-in/begin").await;
    let answer = phone.sign_in(ORIGIN, options).await;
    browser.post("/sign-in/finish", &answer).await;

    for count in 2..=MAX_DEVICES {
        let options = browser.begin("/register/begin").await;
        let excluded = options["publicKey"]["excludeCredentials"].as_array();
        assert_eq!(excluded.unwrap().len(), count - 1);
        let answer = Phone::new().register(ORIGIN, options).await;
        let (_, standing) = browser.post("/register/finish", &answer).await;
        assert_eq!(standing["passkeys"], count);
    }
    let refused = browser.post("/register/begin", &Value::Null).await;
    assert_refused(refused, StatusCode::CONFLICT, "too_many_passkeys");
}

#[tokio::test]
async fn a_passkey_belongs_to_one_account() {
    let world = World::new();
    let mut alice = world.browser_of("alice").await;
    let options = alice.begin("/register/begin").await;
    let first = Phone::new().register(ORIGIN, options).await;
    let (status, _) = alice.post("/register/finish", &first).await;
    assert_eq!(status, StatusCode::OK);

    // Without attestation nothing ties the key to the challenge, so anyone can claim a public key.
    let mut bob = world.browser_of("bob").await;
    let options = bob.begin("/register/begin").await;
    let mut stolen = Phone::new().register(ORIGIN, options).await;
    stolen["id"] = first["id"].clone();
    stolen["rawId"] = first["rawId"].clone();
    stolen["response"]["attestationObject"] = first["response"]["attestationObject"].clone();
    let refused = bob.post("/register/finish", &stolen).await;
    assert_refused(refused, StatusCode::CONFLICT, "already_registered");
    assert_eq!(bob.standing().await["passkeys"], 0);
}
