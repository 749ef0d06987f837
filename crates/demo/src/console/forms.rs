//! Forms as pages show them: each carries the session's token, so that no other page can make one.

#![expect(
    clippy::needless_pass_by_value,
    reason = "markup is made where it is handed over"
)]

use maud::{Markup, html};

use super::words::sentence;
use crate::relying_party::site::Situation;

/// The name of the field with the token.
pub(super) const TOKEN: &str = "form_token";

/// A form of the session.
pub(super) fn form(action: &str, situation: &Situation, fields: Markup) -> Markup {
    html! {
        form method="post" action=(action) {
            input type="hidden" name=(TOKEN) value=(situation.session.form_token);
            (fields)
        }
    }
}

/// What went wrong, above a form.
pub(super) fn alert(words: Option<&str>) -> Markup {
    html! {
        @if let Some(words) = words {
            p.alert role="alert" { (sentence(words)) }
        }
    }
}
