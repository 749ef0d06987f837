//! The site's HTTP: cookies, bodies, and which request asks for what.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use serde::Deserialize;
use webauthn_rs::prelude::{
    CreationChallengeResponse, PublicKeyCredential, RegisterPublicKeyCredential,
    RequestChallengeResponse,
};

use super::refusal::Refusal;
use super::site::Site;
use super::{MAX_BODY, Standing};

type SiteState = State<Arc<Site>>;
type Answer<T> = Result<Json<T>, Refusal>;
type Body<T> = Result<Json<T>, JsonRejection>;

pub(super) fn router(site: Arc<Site>) -> Router {
    Router::new()
        .route("/password", post(password))
        .route("/register/begin", post(begin_registration))
        .route("/register/finish", post(finish_registration))
        .route("/sign-in/begin", post(begin_sign_in))
        .route("/sign-in/finish", post(finish_sign_in))
        .route("/sign-out", post(sign_out))
        .route("/me", get(me))
        .fallback(async || Refusal::NotFound)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&site),
            own_pages_only,
        ))
        .with_state(site)
}

#[derive(Deserialize)]
struct Credentials {
    user: String,
    password: String,
}

async fn password(
    State(site): SiteState,
    jar: CookieJar,
    body: Body<Credentials>,
) -> Result<(CookieJar, Json<Standing>), Refusal> {
    let Json(Credentials { user, password }) = body?;
    let old = jar.get(SESSION).map(Cookie::value);
    let (cookie, standing) = site.accept_password(old, &user, password).await?;
    Ok((jar.add(session_cookie(cookie)), Json(standing)))
}

async fn begin_registration(
    State(site): SiteState,
    session: SessionCookie,
) -> Answer<CreationChallengeResponse> {
    site.begin_registration(&session.0).map(Json)
}

async fn finish_registration(
    State(site): SiteState,
    session: SessionCookie,
    body: Body<RegisterPublicKeyCredential>,
) -> Answer<Standing> {
    site.finish_registration(&session.0, &body?.0).map(Json)
}

async fn begin_sign_in(
    State(site): SiteState,
    session: SessionCookie,
) -> Answer<RequestChallengeResponse> {
    site.begin_sign_in(&session.0).map(Json)
}

async fn finish_sign_in(
    State(site): SiteState,
    jar: CookieJar,
    session: SessionCookie,
    body: Body<PublicKeyCredential>,
) -> Result<(CookieJar, Json<Standing>), Refusal> {
    let (cookie, standing) = site.finish_sign_in(&session.0, &body?.0)?;
    Ok((jar.add(session_cookie(cookie)), Json(standing)))
}

async fn me(State(site): SiteState, session: SessionCookie) -> Answer<Standing> {
    site.standing(&session.0).map(Json)
}

async fn sign_out(
    State(site): SiteState,
    jar: CookieJar,
    session: SessionCookie,
) -> (CookieJar, StatusCode) {
    site.sign_out(&session.0);
    let gone = Cookie::build((SESSION, "")).path("/");
    (jar.remove(gone), StatusCode::NO_CONTENT)
}

/// The value of the session cookie; whether it stands for a session is for the site to say.
struct SessionCookie(String);

impl<S: Send + Sync> FromRequestParts<S> for SessionCookie {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        CookieJar::from_headers(&parts.headers)
            .get(SESSION)
            .map(|cookie| Self(cookie.value().to_owned()))
            .ok_or(Refusal::NoSession)
    }
}

/// Refuses what a page of another origin sends: to `SameSite`, every port of localhost is one site.
async fn own_pages_only(
    State(site): SiteState,
    headers: HeaderMap,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    let own = site.origin().origin().ascii_serialization();
    match headers.get(header::ORIGIN) {
        Some(origin) if origin.as_bytes() != own.as_bytes() => Err(Refusal::OtherOrigin),
        _ => Ok(next.run(request).await),
    }
}

/// Out of reach of scripts and of other sites. Not `Secure`, because the demo has no TLS: a real
/// site must add it.
fn session_cookie(value: String) -> Cookie<'static> {
    Cookie::build((SESSION, value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .build()
}

const SESSION: &str = "hawser_session";
