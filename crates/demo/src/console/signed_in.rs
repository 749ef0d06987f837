//! Who has proved enough to see the console, and where everybody else has to go next.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Redirect, Response};

use super::app::App;
use super::failure::PageFailure;
use crate::relying_party::cookies::SessionCookie;
use crate::relying_party::policy::Requirement;
use crate::relying_party::refusal::Refusal;
use crate::relying_party::site::Situation;
use crate::relying_party::store::{Proved, SessionSecret};

/// Somebody who is signed in. Whoever is not is led to what is missing.
pub(super) struct SignedIn {
    pub(super) session: SessionSecret,
    pub(super) situation: Situation,
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let known = async {
            let SessionCookie(session) = SessionCookie::from_request_parts(parts, app).await?;
            let situation = app.site.situation(&session).await?;
            Ok(Self { session, situation })
        };
        let known = known.await;
        let known = known.map_err(|refusal: Refusal| PageFailure(refusal).into_response())?;
        match next_step(&known.situation) {
            Some(next) => Err(next.into_response()),
            None => Ok(known),
        }
    }
}

/// Where somebody who is not signed in yet has to go next.
pub(super) fn next_step(situation: &Situation) -> Option<Redirect> {
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
