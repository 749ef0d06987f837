//! What the audit trail says of a sign-in and of what was refused.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use hawser_demo::relying_party::{MAX_NOTES, THROTTLE_WINDOW};

use crate::world::{ORIGIN, Phone, World, assert_refused};

#[tokio::test]
async fn registrations_sign_ins_and_refusals_are_kept() {
    let world = World::new();
    let mut phone = world.enrolled_phone("alice").await;
    let mut browser = world.browser_of("alice").await;
    let options = browser.begin("/sign-in/begin").await;
    let answer = phone.sign_in(ORIGIN, options).await;
    let (status, _) = browser.post("/sign-in/finish", &answer).await;
    assert_eq!(status, StatusCode::OK);
    browser.post("/sign-in/finish", &answer).await;

    let options = browser.begin("/register/begin").await;
    let answer = Phone::new().register("http://localhost:1", options).await;
    browser.post("/register/finish", &answer).await;
    let request = Request::post("/register/begin")
        .header(header::ORIGIN, "https://evil.example")
        .body(Body::empty())
        .unwrap();
    assert_eq!(browser.send(request).await.status(), StatusCode::FORBIDDEN);

    assert_eq!(
        world.audit().await,
        [
            "alice device_registered alice Passkey 1",
            "alice signed_in alice Passkey 1",
            "alice passkey_refused alice no challenge is open for this answer: begin again",
            "alice registration_refused alice the passkey could not be verified: \
             it was made for another site",
            "alice forged_request alice a page of another site sent this request",
        ]
    );
}

#[tokio::test]
async fn invented_names_do_not_push_out_the_audit_trail() {
    let world = World::new();
    for n in 0..=MAX_NOTES {
        if n == 50 {
            world.pass(THROTTLE_WINDOW);
        }
        let name = format!("name {n}");
        let refused = world.browser().password(&name, "guess").await;
        assert_refused(refused, StatusCode::UNAUTHORIZED, "wrong_password");
    }
    let refused = world.browser().password("alice", "guess").await;
    assert_refused(refused, StatusCode::UNAUTHORIZED, "wrong_password");
    let audit = world.audit().await;
    let strangers = audit.iter().filter(|line| line.contains("nobody has"));
    assert_eq!(strangers.count(), usize::try_from(MAX_NOTES).unwrap());
    // A user who exists is told of all the same.
    assert_eq!(audit.last().unwrap(), "- wrong_password alice");
}
