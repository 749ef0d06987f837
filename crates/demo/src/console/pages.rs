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

use super::failure::PageFailure;
use crate::relying_party::refusal::Refusal;

/// No page is at this address.
pub(super) async fn missing() -> PageFailure {
    PageFailure(Refusal::NotFound)
}

/// Something is at this address, but only for forms or scripts.
pub(super) async fn wrong_method() -> PageFailure {
    PageFailure(Refusal::WrongMethod)
}
