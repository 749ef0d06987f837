//! Making a passkey.

use ciborium::Value;
use hawser_phone::Operation;

use super::{AT, BACKED_UP, UP, UV, handed_to, passkey_of, phone, phone_with};
use crate::ctap::*;
use crate::people::{Asked, Person};

#[tokio::test]
async fn registration_makes_a_passkey_after_asking() {
    let person = Person::who_approves();
    let mut phone = phone(&person);

    let reply = phone.respond(&register("kim").make_credential()).await;

    assert_eq!(
        person.asked(),
        [Asked {
            operation: Operation::Register,
            rp_id: RP.into(),
            rp_name: Some("Example".into()),
            accounts: vec![(Some("kim".into()), Some("The one called kim".into()))],
            user_verification: true,
        }],
    );
    let body = body(&reply);
    assert_eq!(member(&body, 1), "none".into());
    assert_eq!(member(&body, 3), Value::Map(vec![]));
    let auth_data = member(&body, 2);
    assert_eq!(flags(&auth_data), UP | UV | AT | BACKED_UP);
    let (id, key) = attested(&auth_data);
    assert_eq!(member(&key, 3), Value::from(-7), "ES256");
    let [passkey] = phone.store().passkeys() else {
        panic!("one passkey")
    };
    assert_eq!(passkey.credential_id.as_slice(), id);
    assert_eq!(passkey.rp_id, RP);
}

#[tokio::test]
async fn declining_a_registration_makes_nothing() {
    let person = Person::who_declines();
    let mut phone = phone(&person);

    let reply = phone.respond(&register("kim").make_credential()).await;

    assert_eq!(reply, [OPERATION_DENIED]);
    assert_eq!(person.asked().len(), 1);
    assert!(phone.store().passkeys().is_empty());
}

#[tokio::test]
async fn an_excluded_passkey_is_told_only_after_asking_and_nothing_is_made() {
    let (mut phone, person) = phone_with(&["kim"]).await;
    let id = passkey_of(&phone, "kim").credential_id;
    let request = register("someone else")
        .set(
            5,
            Value::Array(vec![descriptor(b"unknown"), descriptor(&id)]),
        )
        .make_credential();

    assert_eq!(phone.respond(&request).await, [CREDENTIAL_EXCLUDED]);

    let [asked] = &person.asked()[..] else {
        panic!("one prompt")
    };
    assert_eq!(asked.operation, Operation::AlreadyRegistered);
    assert_eq!(asked.accounts[0].0.as_deref(), Some("kim"));
    assert_eq!(phone.store().passkeys().len(), 1);

    let mut phone = handed_to(&phone, &Person::who_declines());
    assert_eq!(phone.respond(&request).await, [OPERATION_DENIED]);
}

#[tokio::test]
async fn an_exclude_list_of_other_phones_excludes_nothing() {
    let (mut phone, _) = phone_with(&["kim"]).await;
    let id = passkey_of(&phone, "kim").credential_id;
    let elsewhere = register_at("other.example", "kim").set(5, Value::Array(vec![descriptor(&id)]));
    let unknown = register("lee").set(5, Value::Array(vec![descriptor(b"unknown")]));

    body(&phone.respond(&elsewhere.make_credential()).await);
    body(&phone.respond(&unknown.make_credential()).await);

    assert_eq!(phone.store().passkeys().len(), 3);
}

#[tokio::test]
async fn registering_an_account_again_replaces_its_passkey() {
    let (mut phone, _) = phone_with(&["kim", "lee"]).await;
    let before = passkey_of(&phone, "kim").credential_id;

    body(&phone.respond(&register("kim").make_credential()).await);

    assert_eq!(phone.store().passkeys().len(), 2);
    assert_ne!(passkey_of(&phone, "kim").credential_id, before);
}

#[tokio::test]
async fn the_first_algorithm_that_is_known_is_used() {
    let (mut phone, _) = phone_with(&[]).await;
    let list = [-9, -257, -8, -7].map(algorithm).to_vec();

    let request = register("kim").set(4, Value::Array(list)).make_credential();
    let body = body(&phone.respond(&request).await);

    let (_, key) = attested(&member(&body, 2));
    assert_eq!(member(&key, 3), Value::from(-8), "EdDSA");
}
