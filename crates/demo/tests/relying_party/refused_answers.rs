//! Answers that a site must not accept. Each differs from a good one in one thing.

use axum::http::StatusCode;
use data_encoding::BASE64URL_NOPAD;
use hawser_demo::relying_party::CHALLENGE_LIFE;
use serde_json::{Value, json};
use std::time::Duration;

use crate::world::{Browser, ORIGIN, Phone, World, assert_refused};

const OTHER_PORT: &str = "http://localhost:4322";

/// A browser, a phone with a passkey and the options of an open sign-in.
async fn signing_in(world: &World) -> (Browser, Phone, Value) {
    let phone = world.enrolled_phone("alice").await;
    let mut browser = world.browser_of("alice").await;
    let options = browser.begin("/sign-in/begin").await;
    (browser, phone, options)
}

async fn refused_sign_in(browser: &mut Browser, answer: &Value) -> String {
    let refused = browser.post("/sign-in/finish", answer).await;
    let message = assert_refused(refused, StatusCode::FORBIDDEN, "not_verified");
    assert_eq!(browser.standing().await["signed_in"], false);
    message
}

/// The bytes of a base64url member, changed.
fn change(member: &mut Value, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = BASE64URL_NOPAD
        .decode(member.as_str().unwrap().as_bytes())
        .unwrap();
    change(&mut bytes);
    *member = json!(BASE64URL_NOPAD.encode(&bytes));
}

#[tokio::test]
async fn a_tampered_signature() {
    let world = World::new();
    let (mut browser, mut phone, options) = signing_in(&world).await;
    let mut answer = phone.sign_in(ORIGIN, options).await;
    change(&mut answer["response"]["signature"], |signature| {
        *signature.last_mut().unwrap() ^= 1;
    });
    let message = refused_sign_in(&mut browser, &answer).await;
    assert!(message.ends_with("the signature is wrong"), "{message}");
}

#[tokio::test]
async fn tampered_authenticator_data() {
    let world = World::new();
    let (mut browser, mut phone, options) = signing_in(&world).await;
    let mut answer = phone.sign_in(ORIGIN, options).await;
    change(&mut answer["response"]["authenticatorData"], |data| {
        *data.last_mut().unwrap() ^= 1;
    });
    let message = refused_sign_in(&mut browser, &answer).await;
    assert!(message.ends_with("the signature is wrong"), "{message}");
}

#[tokio::test]
async fn an_answer_made_for_another_port() {
    let world = World::new();
    let (mut browser, mut phone, options) = signing_in(&world).await;
    let answer = phone.sign_in(OTHER_PORT, options).await;
    let message = refused_sign_in(&mut browser, &answer).await;
    assert!(message.ends_with("made for another site"), "{message}");
}

#[tokio::test]
async fn a_registration_made_for_another_port() {
    let world = World::new();
    let mut browser = world.browser_of("alice").await;
    let options = browser.begin("/register/begin").await;
    let answer = Phone::new().register(OTHER_PORT, options).await;
    let refused = browser.post("/register/finish", &answer).await;
    let message = assert_refused(refused, StatusCode::FORBIDDEN, "not_verified");
    assert!(message.ends_with("made for another site"), "{message}");
}

#[tokio::test]
async fn another_relying_party() {
    let world = World::new();
    let (mut browser, mut phone, options) = signing_in(&world).await;
    let mut answer = phone.sign_in(ORIGIN, options).await;
    // The hash of the relying party id comes first.
    change(&mut answer["response"]["authenticatorData"], |data| {
        data[0] ^= 1;
    });
    let message = refused_sign_in(&mut browser, &answer).await;
    assert!(message.ends_with("made for another site"), "{message}");
}

#[tokio::test]
async fn a_user_who_was_not_verified() {
    let world = World::new();
    let passkeys = world.enrolled_phone("alice").await.passkeys();
    let mut phone = Phone::without_verification();
    phone.restore(passkeys);

    let mut browser = world.browser_of("alice").await;
    let mut options = browser.begin("/sign-in/begin").await;
    options["publicKey"]["userVerification"] = json!("discouraged");
    let answer = phone.sign_in(ORIGIN, options).await;
    let message = refused_sign_in(&mut browser, &answer).await;
    assert!(message.ends_with("did not verify its user"), "{message}");
}

#[tokio::test]
async fn a_registration_without_user_verification() {
    let world = World::new();
    let mut browser = world.browser_of("alice").await;
    let mut options = browser.begin("/register/begin").await;
    options["publicKey"]["authenticatorSelection"]["userVerification"] = json!("discouraged");
    let answer = Phone::without_verification()
        .register(ORIGIN, options)
        .await;
    let refused = browser.post("/register/finish", &answer).await;
    let message = assert_refused(refused, StatusCode::FORBIDDEN, "not_verified");
    assert!(message.ends_with("did not verify its user"), "{message}");
    assert_eq!(browser.standing().await["passkeys"], 0);
}

#[tokio::test]
async fn an_answer_sent_twice() {
    let world = World::new();
    let (mut browser, mut phone, options) = signing_in(&world).await;
    let mut again = browser.clone();
    let answer = phone.sign_in(ORIGIN, options).await;
    let (status, _) = browser.post("/sign-in/finish", &answer).await;
    assert_eq!(status, StatusCode::OK);

    let repeated = browser.post("/sign-in/finish", &answer).await;
    assert_refused(repeated, StatusCode::CONFLICT, "no_challenge");
    let repeated = again.post("/sign-in/finish", &answer).await;
    assert_refused(repeated, StatusCode::UNAUTHORIZED, "no_session");
}

#[tokio::test]
async fn a_registration_sent_twice() {
    let world = World::new();
    let mut browser = world.browser_of("alice").await;
    let options = browser.begin("/register/begin").await;
    let answer = Phone::new().register(ORIGIN, options).await;
    browser.post("/register/finish", &answer).await;
    let repeated = browser.post("/register/finish", &answer).await;
    assert_refused(repeated, StatusCode::CONFLICT, "no_challenge");
    assert_eq!(browser.standing().await["passkeys"], 1);
}

#[tokio::test]
async fn the_right_answer_after_a_wrong_one() {
    let world = World::new();
    let (mut browser, mut phone, options) = signing_in(&world).await;
    let answer = phone.sign_in(ORIGIN, options).await;
    let mut wrong = answer.clone();
    change(&mut wrong["response"]["signature"], |signature| {
        *signature.last_mut().unwrap() ^= 1;
    });
    refused_sign_in(&mut browser, &wrong).await;
    let late = browser.post("/sign-in/finish", &answer).await;
    assert_refused(late, StatusCode::CONFLICT, "no_challenge");
}

#[tokio::test]
async fn an_answer_to_an_earlier_challenge() {
    let world = World::new();
    let (mut browser, mut phone, options) = signing_in(&world).await;
    browser.begin("/sign-in/begin").await;
    let answer = phone.sign_in(ORIGIN, options).await;
    let message = refused_sign_in(&mut browser, &answer).await;
    assert!(message.ends_with("answers another challenge"), "{message}");
}

#[tokio::test]
async fn an_answer_that_comes_too_late() {
    let world = World::new();
    let (mut browser, mut phone, options) = signing_in(&world).await;
    let answer = phone.sign_in(ORIGIN, options).await;
    world.pass(CHALLENGE_LIFE);
    let late = browser.post("/sign-in/finish", &answer).await;
    let message = assert_refused(late, StatusCode::GONE, "challenge_expired");
    assert_eq!(message, "the challenge has expired: begin again");
}

#[tokio::test]
async fn an_answer_just_in_time_is_accepted() {
    let world = World::new();
    let (mut browser, mut phone, options) = signing_in(&world).await;
    let answer = phone.sign_in(ORIGIN, options).await;
    world.pass(CHALLENGE_LIFE.saturating_sub(Duration::from_millis(1)));
    let (status, _) = browser.post("/sign-in/finish", &answer).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn a_registration_that_comes_too_late() {
    let world = World::new();
    let mut browser = world.browser_of("alice").await;
    let options = browser.begin("/register/begin").await;
    let answer = Phone::new().register(ORIGIN, options).await;
    world.pass(CHALLENGE_LIFE);
    let late = browser.post("/register/finish", &answer).await;
    assert_refused(late, StatusCode::GONE, "challenge_expired");
}

#[tokio::test]
async fn somebody_elses_passkey() {
    let world = World::new();
    let (mut browser, _, mut options) = signing_in(&world).await;
    let mut bobs = world.enrolled_phone("bob").await;
    let id = bobs.passkeys().keys().next().unwrap().clone();
    options["publicKey"]["allowCredentials"][0]["id"] = json!(BASE64URL_NOPAD.encode(&id));
    let answer = bobs.sign_in(ORIGIN, options).await;
    let message = refused_sign_in(&mut browser, &answer).await;
    assert!(message.ends_with("not belong to this account"), "{message}");
}

#[tokio::test]
async fn an_answer_in_somebody_elses_session() {
    let world = World::new();
    let (_, mut alices, options) = signing_in(&world).await;
    world.enrolled_phone("bob").await;
    let answer = alices.sign_in(ORIGIN, options).await;

    let mut bob = world.browser_of("bob").await;
    let unasked = bob.post("/sign-in/finish", &answer).await;
    assert_refused(unasked, StatusCode::CONFLICT, "no_challenge");
    bob.begin("/sign-in/begin").await;
    refused_sign_in(&mut bob, &answer).await;
}

#[tokio::test]
async fn a_registration_in_somebody_elses_session() {
    let world = World::new();
    let mut alice = world.browser_of("alice").await;
    let options = alice.begin("/register/begin").await;
    let answer = Phone::new().register(ORIGIN, options).await;
    let mut bob = world.browser_of("bob").await;
    bob.begin("/register/begin").await;
    let refused = bob.post("/register/finish", &answer).await;
    let message = assert_refused(refused, StatusCode::FORBIDDEN, "not_verified");
    assert!(message.ends_with("answers another challenge"), "{message}");
}

#[tokio::test]
async fn an_answer_of_the_other_ceremony() {
    let world = World::new();
    let (mut browser, mut phone, options) = signing_in(&world).await;
    let answer = phone.sign_in(ORIGIN, options).await;
    let mut other = world.browser_of("bob").await;
    let registration = other.begin("/register/begin").await;
    let registration = Phone::new().register(ORIGIN, registration).await;
    let refused = browser.post("/register/finish", &registration).await;
    assert_refused(refused, StatusCode::CONFLICT, "no_challenge");
    let spent = browser.post("/sign-in/finish", &answer).await;
    assert_refused(spent, StatusCode::CONFLICT, "no_challenge");
}

#[tokio::test]
async fn a_counter_that_goes_back() {
    let world = World::new();
    let mut browser = world.browser_of("alice").await;
    let mut phone = Phone::new().counting();
    let options = browser.begin("/register/begin").await;
    let answer = phone.register(ORIGIN, options).await;
    browser.post("/register/finish", &answer).await;
    let copied = phone.passkeys();

    let options = browser.begin("/sign-in/begin").await;
    let answer = phone.sign_in(ORIGIN, options).await;
    let (status, body) = browser.post("/sign-in/finish", &answer).await;
    assert_eq!(status, StatusCode::OK, "{body}");

    let mut thief = world.browser_of("alice").await;
    phone.restore(copied);
    let options = thief.begin("/sign-in/begin").await;
    let answer = phone.sign_in(ORIGIN, options).await;
    let message = refused_sign_in(&mut thief, &answer).await;
    assert!(message.contains("counter went back"), "{message}");
}

#[tokio::test]
async fn the_same_counter_in_two_sign_ins_at_once() {
    let world = World::new();
    let mut phone = Phone::new().counting();
    let mut browser = world.browser_of("alice").await;
    let options = browser.begin("/register/begin").await;
    let answer = phone.register(ORIGIN, options).await;
    browser.post("/register/finish", &answer).await;

    let mut thief = world.browser_of("alice").await;
    let (mine, theirs) = (
        browser.begin("/sign-in/begin").await,
        thief.begin("/sign-in/begin").await,
    );
    let copied = phone.passkeys();
    let mine = phone.sign_in(ORIGIN, mine).await;
    phone.restore(copied);
    let theirs = phone.sign_in(ORIGIN, theirs).await;
    let (status, _) = browser.post("/sign-in/finish", &mine).await;
    assert_eq!(status, StatusCode::OK);
    let message = refused_sign_in(&mut thief, &theirs).await;
    assert!(message.contains("counter went back"), "{message}");
}

#[tokio::test]
async fn answers_that_are_no_answers() {
    let world = World::new();
    let (mut browser, ..) = signing_in(&world).await;
    for body in [json!({}), json!([]), json!({"id": "AAAA"}), Value::Null] {
        let refused = browser.post("/sign-in/finish", &body).await;
        assert_refused(refused, StatusCode::UNPROCESSABLE_ENTITY, "malformed");
    }
}
