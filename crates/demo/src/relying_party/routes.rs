//! The site's JSON interface: which request asks for what.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::{get, post};
use axum::{Json, Router};
use axum_extra::extract::CookieJar;
use serde::Deserialize;
use webauthn_rs::prelude::{
    CreationChallengeResponse, PublicKeyCredential, RegisterPublicKeyCredential,
    RequestChallengeResponse,
};

use super::cookies::{
    ClientAddress, SessionCookie, no_session_cookie, own_pages_only, session_cookie, session_of,
};
use super::refusal::Refusal;
use super::site::Site;
use super::{MAX_BODY, Standing};

type SiteState = State<Arc<Site>>;
type Answer<T> = Result<Json<T>, Refusal>;
type Body<T> = Result<Json<T>, JsonRejection>;

/// The JSON interface alone.
pub(super) fn router(site: Arc<Site>) -> Router {
    protect(&site, routes().fallback(async || Refusal::NotFound)).with_state(site)
}

/// The routes, to be merged with those of pages.
pub(crate) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/password", post(password))
        .route("/register/begin", post(begin_registration))
        .route("/register/finish", post(finish_registration))
        .route("/sign-in/begin", post(begin_sign_in))
        .route("/sign-in/finish", post(finish_sign_in))
        .route("/sign-out", post(sign_out))
        .route("/me", get(me))
}

/// What every route of the site has around it.
pub(crate) fn protect(site: &Arc<Site>, routes: Router<Arc<Site>>) -> Router<Arc<Site>> {
    let site = Arc::clone(site);
    routes
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(site, own_pages_only))
}

#[derive(Deserialize)]
struct Credentials {
    user: String,
    password: String,
}

/// What a registration may be begun with.
#[derive(Deserialize)]
struct Wishes {
    name: Option<String>,
}

async fn password(
    State(site): SiteState,
    client: ClientAddress,
    jar: CookieJar,
    body: Body<Credentials>,
) -> Result<(CookieJar, Json<Standing>), Refusal> {
    let Json(Credentials { user, password }) = body?;
    let old = session_of(&jar, &site);
    let secret = site.accept_password(old, client.0, user, password).await?;
    let standing = site.standing(&secret).await?;
    Ok((jar.add(session_cookie(&secret, &site)), Json(standing)))
}

async fn begin_registration(
    State(site): SiteState,
    session: SessionCookie,
    body: Bytes,
) -> Answer<CreationChallengeResponse> {
    let wishes: Option<Wishes> = match body.as_ref() {
        [] => None,
        body => serde_json::from_slice(body).map_err(|e| Refusal::Malformed(e.to_string()))?,
    };
    let name = wishes.and_then(|wishes| wishes.name);
    let options = site.begin_registration(&session.0, name.as_deref());
    options.await.map(Json)
}

async fn finish_registration(
    State(site): SiteState,
    session: SessionCookie,
    body: Body<RegisterPublicKeyCredential>,
) -> Answer<Standing> {
    site.finish_registration(&session.0, &body?.0).await?;
    site.standing(&session.0).await.map(Json)
}

async fn begin_sign_in(
    State(site): SiteState,
    session: SessionCookie,
) -> Answer<RequestChallengeResponse> {
    site.begin_sign_in(&session.0).await.map(Json)
}

async fn finish_sign_in(
    State(site): SiteState,
    jar: CookieJar,
    session: SessionCookie,
    body: Body<PublicKeyCredential>,
) -> Result<(CookieJar, Json<Standing>), Refusal> {
    let secret = site.finish_sign_in(&session.0, &body?.0).await?;
    let standing = site.standing(&secret).await?;
    Ok((jar.add(session_cookie(&secret, &site)), Json(standing)))
}

async fn me(State(site): SiteState, session: SessionCookie) -> Answer<Standing> {
    site.standing(&session.0).await.map(Json)
}

async fn sign_out(
    State(site): SiteState,
    jar: CookieJar,
    session: SessionCookie,
) -> Result<(CookieJar, StatusCode), Refusal> {
    site.sign_out(&session.0).await?;
    Ok((jar.remove(no_session_cookie(&site)), StatusCode::NO_CONTENT))
}
