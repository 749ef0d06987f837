//! What an authenticator answers, and whom it asks before.

use std::time::Duration;

use ciborium::Value;
use hawser_phone::store::{CredentialStore, MemoryStore, Passkey};
use hawser_phone::{Authenticator, Decision, Operation};
use passkey_crypto::rust_crypto::RustCryptoSecretKey;
use passkey_crypto::{PublicKeyT as _, SecretKeyT as _};

use crate::ctap::*;
use crate::people::{Asked, Person, Undecided};

/// User present and verified, passkey backed up.
const UP: u8 = 0x01;
const UV: u8 = 0x04;
const AT: u8 = 0x40;
const BACKED_UP: u8 = 0x18;

fn phone(person: &Person) -> Authenticator<MemoryStore, Person> {
    Authenticator::new(MemoryStore::new(), person.clone())
}

/// A phone of somebody who approves everything, with a passkey of each of these.
async fn phone_with(users: &[&str]) -> (Authenticator<MemoryStore, Person>, Person) {
    let person = Person::who_approves();
    let mut phone = phone(&person);
    for user in users {
        body(&phone.respond(&register(user).make_credential()).await);
    }
    person.asked();
    (phone, person)
}

/// The same phone in the hands of another.
fn handed_to(
    phone: &Authenticator<MemoryStore, Person>,
    person: &Person,
) -> Authenticator<MemoryStore, Person> {
    Authenticator::new(phone.store().clone(), person.clone())
}

fn passkey_of(phone: &Authenticator<MemoryStore, Person>, user: &str) -> Passkey {
    let mut passkeys = phone.store().passkeys().iter();
    passkeys
        .find(|p| p.user_handle.as_ref().unwrap().as_slice() == user.as_bytes())
        .unwrap()
        .clone()
}

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
async fn of_several_accounts_the_person_chooses() {
    let (phone, _) = phone_with(&["kim", "lee", "max"]).await;
    let person = Person::who_decides(Decision::ApproveAs(1));
    let mut phone = handed_to(&phone, &person);

    let body = body(&phone.respond(&sign_in().get_assertion()).await);

    let [asked] = &person.asked()[..] else {
        panic!("one prompt")
    };
    let names: Vec<_> = asked
        .accounts
        .iter()
        .map(|a| a.0.as_deref().unwrap())
        .collect();
    assert_eq!(names, ["max", "lee", "kim"], "newest first");
    assert_eq!(member(&member(&body, 4), "id"), Value::Bytes(b"lee".into()));
    assert_eq!(member(&body, 6), true.into(), "no need to ask again");
}

#[tokio::test]
async fn approving_without_a_choice_takes_the_newest() {
    let (mut phone, _) = phone_with(&["kim", "lee"]).await;

    let body = body(&phone.respond(&sign_in().get_assertion()).await);

    assert_eq!(member(&member(&body, 4), "id"), Value::Bytes(b"lee".into()));
}

#[tokio::test]
async fn a_choice_out_of_range_declines() {
    let (phone, _) = phone_with(&["kim", "lee"]).await;
    let mut phone = handed_to(&phone, &Person::who_decides(Decision::ApproveAs(2)));

    let reply = phone.respond(&sign_in().get_assertion()).await;

    assert_eq!(reply, [OPERATION_DENIED]);
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

#[tokio::test]
async fn registering_an_account_again_replaces_its_passkey() {
    let (mut phone, _) = phone_with(&["kim", "lee"]).await;
    let before = passkey_of(&phone, "kim").credential_id;

    body(&phone.respond(&register("kim").make_credential()).await);

    assert_eq!(phone.store().passkeys().len(), 2);
    assert_ne!(passkey_of(&phone, "kim").credential_id, before);
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
async fn the_first_algorithm_that_is_known_is_used() {
    let (mut phone, _) = phone_with(&[]).await;
    let list = [-9, -257, -8, -7].map(algorithm).to_vec();

    let request = register("kim").set(4, Value::Array(list)).make_credential();
    let body = body(&phone.respond(&request).await);

    let (_, key) = attested(&member(&body, 2));
    assert_eq!(member(&key, 3), Value::from(-8), "EdDSA");
}

#[tokio::test]
async fn info_says_what_a_laptop_needs() {
    let person = Person::who_approves();
    let mut phone = Authenticator::with_aaguid([7; 16], MemoryStore::new(), person.clone());

    let info = phone.info().await;

    assert_eq!(
        phone.respond(&[0x04]).await,
        [&[OK], info.as_slice()].concat()
    );
    assert_eq!(person.asked(), [], "nothing to approve");
    let info: Value = ciborium::from_reader(info.as_slice()).unwrap();
    assert!(
        member(&info, 1)
            .as_array()
            .unwrap()
            .contains(&"FIDO_2_1".into())
    );
    assert_eq!(member(&info, 3), Value::Bytes(vec![7; 16]));
    let options = member(&info, 4);
    assert_eq!(member(&options, "rk"), true.into());
    assert_eq!(member(&options, "uv"), true.into());
    assert_eq!(find(&options, "clientPin"), None);
    let transports = member(&info, 9);
    assert!(transports.as_array().unwrap().contains(&"hybrid".into()));
    assert!(transports.as_array().unwrap().contains(&"internal".into()));
}

#[tokio::test]
async fn replies_are_canonical_cbor() {
    let (mut phone, _) = phone_with(&["kim", "lee"]).await;
    let requests = [
        register("max").make_credential(),
        sign_in().get_assertion(),
        vec![0x04],
    ];

    for request in requests {
        let reply = phone.respond(&request).await;
        assert_eq!(reply[0], OK);
        assert_canonical(&reply[1..]);
    }
}

#[tokio::test]
async fn laptops_may_say_more_than_they_must() {
    let (mut phone, _) = phone_with(&["kim"]).await;
    let id = passkey_of(&phone, "kim").credential_id.to_vec();
    let with_transports = |transports| {
        let Value::Map(mut entries) = descriptor(&id) else {
            unreachable!()
        };
        entries.push(("transports".into(), transports));
        Value::Array(vec![Value::Map(entries)])
    };
    let prf = map([(
        "prf",
        map([("eval", map([("first", Value::Bytes(vec![0; 32]))]))]),
    )]);
    let usb = Value::Array(vec!["usb".into(), "smart-card".into()]);

    for request in [
        sign_in().set(3, with_transports(usb)),
        sign_in().set(3, with_transports("hybrid".into())),
        sign_in().set(4, prf.clone()),
        sign_in().set(99, Value::Null).set(-300, Value::Null),
        sign_in().reversed(),
    ] {
        body(&phone.respond(&request.get_assertion()).await);
    }
    for request in [
        register("kim").set(6, prf),
        register("kim").set(7, options([("rk", true), ("uv", true), ("odd", true)])),
        register("kim").set(10, 1.into()).set(4000, "?".into()),
        register("kim").reversed(),
    ] {
        body(&phone.respond(&request.make_credential()).await);
    }
}

#[tokio::test]
async fn names_are_optional() {
    let (mut phone, person) = phone_with(&[]).await;
    let request = register("kim")
        .set(2, map([("id", RP.into())]))
        .set(3, map([("id", Value::Bytes(b"kim".into()))]));

    body(&phone.respond(&request.make_credential()).await);
    body(&phone.respond(&sign_in().get_assertion()).await);

    let asked = person.asked();
    assert_eq!(asked[0].rp_name, None);
    assert_eq!(asked[0].accounts, [(None, None)]);
    assert_eq!(asked[1].accounts, [(None, None)]);
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

#[tokio::test]
async fn stores_offer_the_newest_passkey_first() {
    let (phone, _) = phone_with(&["kim", "lee"]).await;

    let found = phone.store().find_credentials(None, RP, None).await;

    let handles: Vec<_> = found
        .ok()
        .unwrap()
        .into_iter()
        .map(|p| p.user_handle.unwrap())
        .collect();
    assert_eq!(handles, [b"lee".to_vec().into(), b"kim".to_vec().into()]);
}
