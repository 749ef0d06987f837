//! What an authenticator answers, and whom it asks before.

mod choice;
mod consent;
mod dialect;
mod registration;
mod sign_in;

use hawser_phone::Authenticator;
use hawser_phone::store::{MemoryStore, Passkey};

use crate::ctap::*;
use crate::people::Person;

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
