//! The session cookie, and whether a request comes from one of the site's own pages.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRef, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};

use super::limits::Limit;
use super::refusal::Refusal;
use super::site::Site;
use super::store::SessionSecret;

/// The value of the session cookie; whether it stands for a session is for the site to say.
pub(crate) struct SessionCookie(pub(crate) SessionSecret);

impl<S: Send + Sync> FromRequestParts<S> for SessionCookie
where
    Arc<Site>: FromRef<S>,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let site: Arc<Site> = FromRef::from_ref(state);
        let jar = CookieJar::from_headers(&parts.headers);
        session_of(&jar, &site).map(Self).ok_or(Refusal::NoSession)
    }
}

/// The address at the other end of the connection; nothing where the server does not tell.
pub(crate) struct ClientAddress(pub(crate) Option<IpAddr>);

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let info = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self(info.map(|info| info.0.ip())))
    }
}

pub(crate) fn session_of(jar: &CookieJar, site: &Site) -> Option<SessionSecret> {
    let cookie = jar.get(name(site))?;
    Some(SessionSecret::from_cookie(cookie.value()))
}

/// Out of reach of scripts and of other sites. `Secure`, and bound to the host by its name,
/// wherever the site has TLS: everywhere but on this machine.
pub(crate) fn session_cookie(secret: &SessionSecret, site: &Site) -> Cookie<'static> {
    let mut cookie = Cookie::build((name(site), secret.as_cookie().to_owned()))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .build();
    if has_tls(site) {
        cookie.set_secure(true);
    }
    cookie
}

pub(crate) fn no_session_cookie(site: &Site) -> Cookie<'static> {
    let mut cookie = Cookie::build((name(site), "")).path("/").build();
    if has_tls(site) {
        cookie.set_secure(true);
    }
    cookie
}

fn name(site: &Site) -> &'static str {
    if has_tls(site) {
        "__Host-hawser_session"
    } else {
        "hawser_session"
    }
}

fn has_tls(site: &Site) -> bool {
    site.origin().scheme() == "https"
}

/// Refuses what a page of another origin sends: to `SameSite`, every port of localhost is one site.
pub(crate) async fn own_pages_only(
    State(site): State<Arc<Site>>,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    if is_own(request.method(), request.headers(), &site) {
        let response = next.run(request).await;
        if response.status() == StatusCode::PAYLOAD_TOO_LARGE {
            site.limits().reached(Limit::Body);
        }
        return Ok(response);
    }
    let jar = CookieJar::from_headers(request.headers());
    let session = session_of(&jar, &site);
    Err(site
        .note_forgery(Refusal::OtherOrigin, session.as_ref())
        .await)
}

/// Programs send neither header, and have no cookies that a page could make them use.
fn is_own(method: &Method, headers: &HeaderMap, site: &Site) -> bool {
    let own = site.origin().origin().ascii_serialization();
    let origin = headers.get(header::ORIGIN);
    if origin.is_some_and(|origin| origin.as_bytes() != own.as_bytes()) {
        return false;
    }
    let mode = headers.get("sec-fetch-mode");
    // A link on somebody else's page may lead here.
    let navigates = method.is_safe() && mode.is_some_and(|mode| mode.as_bytes() == b"navigate");
    let from = headers.get("sec-fetch-site");
    origin.is_some()
        || navigates
        || from.is_none_or(|from| matches!(from.as_bytes(), b"same-origin" | b"none"))
}
