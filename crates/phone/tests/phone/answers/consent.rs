//! What a person is asked for, for how long, and when not at all.

use std::time::Duration;

use ciborium::Value;
use hawser_phone::Authenticator;
use hawser_phone::store::MemoryStore;

use super::{AT, BACKED_UP, UP, phone, phone_with};
use crate::ctap::*;
use crate::people::{Person, Undecided};

#[tokio::test]
async fn without_user_verification_only_presence_is_claimed() {
    let person = Person::who_approves();
    let mut phone = phone(&person);
    let register = register("kim").set(7, options([("rk", true), ("uv", false)]));
    let sign_in = sign_in().without(5);

    let registered = body(&phone.respond(&register.make_credential()).await);
    let signed_in = body(&phone.respond(&sign_in.get_assertion()).await);

    assert_eq!(flags(&member(&registered, 2)), UP | AT | BACKED_UP);
    assert_eq!(flags(&member(&signed_in, 2)), UP | BACKED_UP);
    let asked = person.asked();
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|asked| !asked.user_verification));
}

#[tokio::test]
async fn what_cannot_succeed_is_refused_without_asking() {
    let (mut phone, person) = phone_with(&["kim"]).await;
    let pin = Value::Bytes(vec![0; 16]);
    let cases = [
        (
            register("kim")
                .set(4, Value::Array(vec![algorithm(-257)]))
                .make_credential(),
            UNSUPPORTED_ALGORITHM,
        ),
        (
            register("kim")
                .set(7, options([("up", false)]))
                .make_credential(),
            INVALID_OPTION,
        ),
        (
            register("kim").set(8, pin.clone()).make_credential(),
            PIN_AUTH_INVALID,
        ),
        (
            sign_in().set(5, options([("up", false)])).get_assertion(),
            UNSUPPORTED_OPTION,
        ),
        (sign_in().set(6, pin).get_assertion(), PIN_AUTH_INVALID),
    ];

    for (request, status) in cases {
        assert_eq!(phone.respond(&request).await, [status]);
    }

    assert_eq!(person.asked(), []);
    assert_eq!(phone.store().passkeys().len(), 1);
}

#[tokio::test]
async fn withdrawing_a_request_withdraws_the_prompt_and_makes_nothing() {
    let person = Undecided::default();
    let mut phone = Authenticator::new(MemoryStore::new(), person.clone());
    let request = register("kim").make_credential();

    tokio::select! {
        _ = phone.respond(&request) => panic!("nobody decided"),
        () = person.asked.notified() => {}
    }

    assert_eq!(
        std::sync::Arc::strong_count(&person.prompts),
        2,
        "test and approver"
    );
    assert!(phone.store().passkeys().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_person_has_two_minutes() {
    let mut phone = Authenticator::new(MemoryStore::new(), Undecided::default());
    let started = tokio::time::Instant::now();

    let reply = phone.respond(&register("kim").make_credential()).await;

    assert_eq!(reply, [USER_ACTION_TIMEOUT]);
    assert_eq!(started.elapsed(), Duration::from_mins(2));
    assert!(phone.store().passkeys().is_empty());
}
