//! Signing in: with which passkey, and with none.

use ciborium::Value;
use hawser_phone::{Authenticator, Operation};
use passkey_crypto::rust_crypto::RustCryptoSecretKey;
use passkey_crypto::{PublicKeyT as _, SecretKeyT as _};

use super::{BACKED_UP, UP, UV, handed_to, passkey_of, phone, phone_with};
use crate::ctap::*;
use crate::people::Person;

#[tokio::test]
async fn signing_in_signs_with_the_stored_key() {
    let (mut phone, person) = phone_with(&["kim"]).await;

    let body = body(&phone.respond(&sign_in().get_assertion()).await);

    let [asked] = &person.asked()[..] else {
        panic!("one prompt")
    };
    assert_eq!(asked.operation, Operation::SignIn);
    assert_eq!(asked.rp_id, RP);
    assert!(asked.user_verification);
    let auth_data = member(&body, 2);
    assert_eq!(flags(&auth_data), UP | UV | BACKED_UP);
    assert_eq!(member(&member(&body, 4), "id"), Value::Bytes(b"kim".into()));
    assert_eq!(find(&body, 6), None, "nothing was to choose");

    let passkey = passkey_of(&phone, "kim");
    assert_eq!(
        member(&member(&body, 1), "id"),
        Value::Bytes(passkey.credential_id.to_vec()),
    );
    let signed = [auth_data.as_bytes().unwrap().as_slice(), &HASH].concat();
    let signature = member(&body, 3);
    RustCryptoSecretKey::from_cose_key(&passkey.key)
        .unwrap_or_else(|_| panic!("a key"))
        .public_key()
        .verify(&signed, signature.as_bytes().unwrap())
        .unwrap();
}

#[tokio::test]
async fn declining_a_sign_in_signs_nothing() {
    let (phone, _) = phone_with(&["kim"]).await;
    let mut phone = handed_to(&phone, &Person::who_declines());

    let reply = phone.respond(&sign_in().get_assertion()).await;

    assert_eq!(reply, [OPERATION_DENIED]);
}

#[tokio::test]
async fn nobody_learns_that_there_is_no_passkey_before_a_person_agrees() {
    let willing = Person::who_approves();
    let unwilling = Person::who_declines();
    let request = sign_in().get_assertion();

    assert_eq!(phone(&willing).respond(&request).await, [NO_CREDENTIALS]);
    assert_eq!(
        phone(&unwilling).respond(&request).await,
        [OPERATION_DENIED]
    );

    let [asked] = &willing.asked()[..] else {
        panic!("one prompt")
    };
    assert_eq!(asked.operation, Operation::NoPasskey);
    assert!(asked.accounts.is_empty());
    assert!(!asked.user_verification, "there is nothing to unlock");
    assert_eq!(unwilling.asked().len(), 1);
}

#[tokio::test]
async fn an_allow_list_allows_nothing_else() {
    let (mut phone, person) = phone_with(&["kim", "lee", "max"]).await;
    let id = |user| passkey_of(&phone, user).credential_id.to_vec();
    let two = Value::Array(vec![descriptor(&id("kim")), descriptor(&id("lee"))]);

    let body = body(&phone.respond(&sign_in().set(3, two).get_assertion()).await);

    let [asked] = &person.asked()[..] else {
        panic!("one prompt")
    };
    assert_eq!(asked.accounts.len(), 2);
    assert_eq!(member(&member(&body, 4), "id"), Value::Bytes(b"lee".into()));
    assert_eq!(
        find(&body, 6),
        None,
        "CTAP forbids userSelected with an allow list"
    );
}

#[tokio::test]
async fn an_allow_list_without_a_known_entry_allows_nothing() {
    let (mut phone, _) = phone_with(&["kim"]).await;
    let id = passkey_of(&phone, "kim").credential_id.to_vec();
    let other_type = map([
        ("type", "password".into()),
        ("id", Value::Bytes(id.clone())),
    ]);
    let no_type = map([("id", Value::Bytes(id))]);

    for entry in [descriptor(b"unknown"), other_type, no_type, Value::Null] {
        let request = sign_in().set(3, Value::Array(vec![entry.clone()]));
        let reply = phone.respond(&request.get_assertion()).await;
        assert_eq!(reply, [NO_CREDENTIALS], "{entry:?}");
    }
}

#[tokio::test]
async fn an_empty_allow_list_is_none() {
    let (mut phone, _) = phone_with(&["kim"]).await;

    let request = sign_in().set(3, Value::Array(vec![])).get_assertion();

    body(&phone.respond(&request).await);
}

#[tokio::test]
async fn a_passkey_is_for_one_relying_party() {
    let (mut phone, _) = phone_with(&["kim"]).await;
    let id = passkey_of(&phone, "kim").credential_id;
    let elsewhere = sign_in_at("example.org");
    let with_its_id = elsewhere
        .clone()
        .set(3, Value::Array(vec![descriptor(&id)]));

    for request in [elsewhere, with_its_id] {
        let reply = phone.respond(&request.get_assertion()).await;
        assert_eq!(reply, [NO_CREDENTIALS]);
    }
}

#[tokio::test]
async fn a_store_that_ignores_the_relying_party_is_not_believed() {
    let (phone, _) = phone_with(&["kim"]).await;
    let passkey = passkey_of(&phone, "kim");
    let id = passkey.credential_id.to_vec();
    // The library's own store for tests looks at credential ids only.
    let careless = passkey_authenticator::MemoryStore::from([(id.clone(), passkey)]);
    let mut phone = Authenticator::new(careless, Person::who_approves());

    let request = sign_in_at("example.org").set(3, Value::Array(vec![descriptor(&id)]));

    assert_eq!(
        phone.respond(&request.get_assertion()).await,
        [NO_CREDENTIALS]
    );
}
