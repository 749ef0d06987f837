//! A refusal, as a page.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;

use super::layout;
use super::words;
use crate::relying_party::refusal::Refusal;

/// Why there is no page; becomes one that says what to do.
pub(super) struct PageFailure(pub(super) Refusal);

impl From<Refusal> for PageFailure {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

impl IntoResponse for PageFailure {
    fn into_response(self) -> Response {
        self.0.log();
        match self.0 {
            // A session ends by itself after an hour: nothing went wrong.
            Refusal::NoSession => Redirect::to("/sign-in").into_response(),
            Refusal::NotSignedIn => Redirect::to("/sign-in/passkey").into_response(),
            refusal => {
                let (status, _) = refusal.status();
                (status, refusal.retry_after(), page(status, &refusal)).into_response()
            }
        }
    }
}

fn page(status: StatusCode, refusal: &Refusal) -> maud::Markup {
    let title = match status {
        StatusCode::NOT_FOUND => "Not found",
        StatusCode::FORBIDDEN => "Not allowed",
        status if status.is_server_error() => "Something broke",
        _ => "That did not work",
    };
    layout::plain(
        title,
        html! {
            section.card.narrow {
                p.eyebrow { (status.as_u16()) }
                h1 { (title) }
                p role="alert" { (words::sentence(&refusal.to_string())) }
                p { a.button href="/" { "Back to the console" } }
            }
        },
    )
}
