//! A form that came back: only one that a page of the session's own sent is taken.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Form;
use axum::extract::{FromRef, FromRequest, FromRequestParts as _, Request};
use subtle::ConstantTimeEq as _;

use super::failure::PageFailure;
use super::forms::TOKEN;
use crate::relying_party::cookies::SessionCookie;
use crate::relying_party::refusal::Refusal;
use crate::relying_party::site::Site;
use crate::relying_party::store::SessionSecret;

/// A form that one of the session's own pages sent.
pub(super) struct OwnForm {
    pub(super) session: SessionSecret,
    fields: HashMap<String, String>,
}

impl OwnForm {
    /// The text of a field; empty when it is missing.
    pub(super) fn text(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// The number in a field.
    pub(super) fn number<N: std::str::FromStr>(&self, name: &str) -> Option<N> {
        self.text(name).trim().parse().ok()
    }
}

impl<S: Send + Sync> FromRequest<S> for OwnForm
where
    Arc<Site>: FromRef<S>,
{
    type Rejection = PageFailure;

    async fn from_request(request: Request, state: &S) -> Result<Self, PageFailure> {
        let site: Arc<Site> = FromRef::from_ref(state);
        let (mut parts, body) = request.into_parts();
        let SessionCookie(session) = SessionCookie::from_request_parts(&mut parts, state).await?;
        let form = Form::from_request(Request::from_parts(parts, body), state).await;
        let Form(fields): Form<HashMap<String, String>> = form.map_err(Refusal::from)?;
        let own = site.situation(&session).await?.session.form_token;
        let given = fields.get(TOKEN).map_or("", String::as_str);
        if !bool::from(own.as_bytes().ct_eq(given.as_bytes())) {
            let refusal = site.note_forgery(Refusal::FormToken, Some(&session));
            return Err(refusal.await.into());
        }
        Ok(Self { session, fields })
    }
}
