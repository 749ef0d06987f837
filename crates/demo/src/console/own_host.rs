//! Leads browsers to the console's own name.
//!
//! `127.0.0.1` is the same machine as `localhost` and another site to a browser: no passkey would work
//! and no form be accepted. And a name of somebody else that leads to this machine must not read the
//! pages (DNS rebinding).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use crate::relying_party::refusal::Refusal;
use crate::relying_party::site::Site;

pub(super) async fn own_host_only(
    State(site): State<Arc<Site>>,
    request: Request,
    next: Next,
) -> Response {
    // With TLS there is a proxy in front, which has a certificate for the right name only, and may
    // put any name into what it forwards.
    if site.origin().scheme() == "https" || is_own(&request, &site) {
        return next.run(request).await;
    }
    if !request.method().is_safe() {
        return Refusal::OtherHost.into_response();
    }
    let path = request.uri().path_and_query().map_or("/", |at| at.as_str());
    // One slash: `//example.com` would lead elsewhere.
    let path = path.trim_start_matches('/');
    Redirect::temporary(&format!("{}{path}", site.origin())).into_response()
}

/// Programs that name no host are no browsers. Any port will do: containers publish others.
fn is_own(request: &Request, site: &Site) -> bool {
    let Some(host) = request.headers().get(header::HOST) else {
        return true;
    };
    let uri = host.to_str().ok().and_then(|host| host.parse::<Uri>().ok());
    let name = uri.as_ref().and_then(Uri::host);
    name.is_some_and(|name| name.eq_ignore_ascii_case(site.rp_id()))
}
