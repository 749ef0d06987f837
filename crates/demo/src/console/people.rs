//! The people of the demo: an organisation with three accounts.

use crate::relying_party::{AccountError, AccountKind, NewUser, RelyingParty, UserKind};

/// The password of everybody in the demo. It is shown on the sign-in page.
pub const DEMO_PASSWORD: &str = "anchor-and-rope";

/// Somebody of the demo, as the sign-in page lists them.
pub(super) struct Person {
    pub(super) name: &'static str,
    pub(super) display_name: &'static str,
    pub(super) account: &'static str,
    pub(super) role: &'static str,
    kind: UserKind,
    administrator: bool,
}

/// Fills an empty site with the demo's organisation. Returns whether it was empty.
pub(super) fn settle(party: &RelyingParty) -> Result<bool, AccountError> {
    if party.site().has_users()? {
        return Ok(false);
    }
    for (name, kind) in ACCOUNTS {
        party.add_account(name, kind)?;
    }
    for person in &PEOPLE {
        party.add_user(&NewUser {
            account: person.account,
            name: person.name,
            display_name: person.display_name,
            password: DEMO_PASSWORD,
            kind: person.kind,
            administrator: person.administrator,
        })?;
    }
    Ok(true)
}

const ACCOUNTS: [(&str, AccountKind); 3] = [
    ("Harbour Board", AccountKind::Management),
    ("North Quay", AccountKind::Member),
    ("South Quay", AccountKind::Member),
];

pub(super) const PEOPLE: [Person; 6] = [
    Person {
        name: "root",
        display_name: "Ruth Mooring",
        account: "Harbour Board",
        role: "root of the management account",
        kind: UserKind::Root,
        administrator: true,
    },
    Person {
        name: "root-north",
        display_name: "Nils Fender",
        account: "North Quay",
        role: "root of a member account",
        kind: UserKind::Root,
        administrator: false,
    },
    Person {
        name: "root-south",
        display_name: "Sofia Cleat",
        account: "South Quay",
        role: "root of a member account",
        kind: UserKind::Root,
        administrator: false,
    },
    Person {
        name: "alice",
        display_name: "Alice Winchester",
        account: "North Quay",
        role: "user",
        kind: UserKind::User,
        administrator: false,
    },
    Person {
        name: "bob",
        display_name: "Bob Bollard",
        account: "North Quay",
        role: "user",
        kind: UserKind::User,
        administrator: false,
    },
    Person {
        name: "carol",
        display_name: "Carol Capstan",
        account: "South Quay",
        role: "user",
        kind: UserKind::User,
        administrator: false,
    },
];
