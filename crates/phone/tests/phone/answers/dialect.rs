//! What laptops write differently, and how a phone writes.

use ciborium::Value;
use hawser_phone::Authenticator;
use hawser_phone::store::MemoryStore;

use super::{passkey_of, phone_with};
use crate::ctap::*;
use crate::people::Person;

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
