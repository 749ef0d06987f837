//! Several accounts: the person chooses.

use ciborium::Value;
use hawser_phone::Decision;
use hawser_phone::store::CredentialStore as _;

use super::{handed_to, phone_with};
use crate::ctap::*;
use crate::people::Person;

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
