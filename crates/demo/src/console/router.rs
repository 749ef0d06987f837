//! Which address leads where.

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Router, extract::Request};

use super::app::App;
use super::own_host::own_host_only;
use super::{assets, live, pages};
use crate::qr_picture::MAX_IMAGE_FILE;
use crate::relying_party::MAX_BODY;
use crate::relying_party::cookies::own_pages_only;
use crate::relying_party::routes;

pub(super) fn router(app: App) -> Router {
    let site = Arc::clone(&app.site);
    Router::new()
        .route("/", get(pages::home::show))
        .route(
            "/sign-in",
            get(pages::sign_in::show).post(pages::sign_in::enter),
        )
        .route("/sign-in/passkey", get(pages::challenge::show))
        .route(
            "/sign-in/notice",
            get(pages::notice::show).post(pages::notice::skip),
        )
        .route("/leave", post(pages::sign_in::leave))
        .route("/devices", get(pages::devices::show))
        .route("/devices/new", get(pages::enrol::show))
        .route("/devices/rename", post(pages::devices::rename))
        .route("/devices/delete", post(pages::devices::delete))
        .route("/admin", get(pages::administration::show))
        .route("/admin/mode", post(pages::administration::set_mode))
        .route("/admin/grace", post(pages::administration::set_grace))
        .route("/admin/cohort", post(pages::administration::add_cohort))
        .route("/admin/switch", post(pages::administration::switch))
        .route("/admin/reset", post(pages::administration::reset))
        .route("/admin/clock", post(pages::administration::let_time_pass))
        .route("/admin/audit", get(pages::audit::show))
        .route("/phone", get(pages::phone::choose))
        .route("/phone/{slug}", get(pages::phone::show))
        .route("/phone/{slug}/events", get(live::phone_events))
        .route("/phone/{slug}/look", post(live::look_at_the_screen))
        .route(
            "/phone/{slug}/scan",
            post(live::scan_picture).layer(DefaultBodyLimit::max(MAX_IMAGE_FILE)),
        )
        .route("/phone/{slug}/decide", post(live::decide))
        .route("/phone/{slug}/cancel", post(live::cancel_phone))
        .route("/phone/{slug}/forget", post(live::forget))
        .route("/laptop", post(live::begin_ceremony))
        .route("/laptop/{id}/events", get(live::ceremony_events))
        .route("/laptop/{id}/code.png", get(live::code_picture))
        .route("/laptop/{id}/cancel", post(live::cancel_ceremony))
        .route("/wire", get(pages::wire_view::show))
        .route("/wire/events", get(live::wire_events))
        .route("/metrics", get(pages::metrics::show))
        .merge(assets::routes())
        .merge(routes::routes().with_state(Arc::clone(&site)))
        .fallback(pages::missing)
        .method_not_allowed_fallback(pages::wrong_method)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&site),
            own_pages_only,
        ))
        .layer(middleware::from_fn_with_state(site, own_host_only))
        .layer(middleware::from_fn(with_headers))
        .with_state(app)
}

/// What browsers are told about every answer: nothing of other hosts, nothing inline, no frames.
async fn with_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

const HEADERS: [(HeaderName, &str); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // Without a referrer at all, browsers would send `Origin: null` with forms.
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    // No page of another site shows a picture of a code, even where it has the address.
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(self), microphone=(), geolocation=(), publickey-credentials-create=(self), \
         publickey-credentials-get=(self)",
    ),
];
