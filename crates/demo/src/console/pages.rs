//! The pages, one a file.

pub(super) mod administration;
pub(super) mod audit;
mod ceremony;
pub(super) mod challenge;
pub(super) mod devices;
pub(super) mod enrol;
pub(super) mod home;
pub(super) mod metrics;
pub(super) mod notice;
pub(super) mod phone;
pub(super) mod sign_in;
pub(super) mod wire_view;

use axum::response::Redirect;

use super::failure::PageFailure;
use crate::relying_party::policy::Requirement;
use crate::relying_party::refusal::Refusal;
use crate::relying_party::site::Situation;
use crate::relying_party::store::Proved;

/// No page is at this address.
pub(super) async fn missing() -> PageFailure {
    PageFailure(Refusal::NotFound)
}

/// Something is at this address, but only for forms or scripts.
pub(super) async fn wrong_method() -> PageFailure {
    PageFailure(Refusal::WrongMethod)
}

/// Where somebody who is not signed in yet has to go next.
fn next_step(situation: &Situation) -> Option<Redirect> {
    let proved_enough = situation.session.proved != Proved::Password;
    let next = if proved_enough {
        return None;
    } else if situation.devices > 0 {
        "/sign-in/passkey"
    } else {
        match situation.requirement {
            Requirement::Mandatory => "/devices/new",
            Requirement::Nothing | Requirement::Advised | Requirement::Due(_) => "/sign-in/notice",
        }
    };
    Some(Redirect::to(next))
}
