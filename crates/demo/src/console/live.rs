//! What scripts post, and the events that they listen for.
//!
//! Every stream sends the whole state again with each event, or events with numbers, so that a page
//! that lost its connection is right again with the next one.

mod failure;
mod streams;

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{FromRequest as _, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hawser_phone::Decision;
use serde::Deserialize;
use serde_json::{Value, json};

use super::app::App;
use super::laptop::Operation;
use super::phones::{PhoneRefusal, PocketPhone};
use crate::qr_picture::{self, Picture, ReadError};
use crate::relying_party::cookies::SessionCookie;
use crate::relying_party::limits::Limit;
use crate::relying_party::refusal::Refusal;

use failure::LiveFailure;
use streams::{place, sights, states};

type Done = Result<StatusCode, LiveFailure>;
type Body<T> = Result<Json<T>, JsonRejection>;

#[derive(Deserialize)]
pub(super) struct Wish {
    operation: Operation,
    options: Value,
}

#[derive(Deserialize)]
pub(super) struct PersonDecides {
    /// The number of the question.
    ask: u64,
    approve: bool,
    /// Which account, where there are any.
    account: Option<usize>,
}

/// Which sights a page has already.
#[derive(Deserialize)]
pub(super) struct Seen {
    #[serde(default)]
    after: u64,
}

#[derive(Deserialize)]
pub(super) struct Forget {
    /// Nothing is everything.
    passkey: Option<String>,
}

pub(super) async fn begin_ceremony(
    State(app): State<App>,
    SessionCookie(session): SessionCookie,
    wish: Body<Wish>,
) -> Result<Response, LiveFailure> {
    let Json(wish) = wish?;
    let known = app.site.situation(&session).await;
    if let Err(refusal) = known {
        return Ok(refusal.into_response());
    }
    let id = app.desk.begin(session, wish.operation, &wish.options)?;
    Ok(Json(json!({ "id": id })).into_response())
}

pub(super) async fn ceremony_events(
    State(app): State<App>,
    Path(id): Path<String>,
    SessionCookie(session): SessionCookie,
) -> Result<Response, LiveFailure> {
    let ceremony = app.desk.find(&id, &session)?;
    let place = place(&app)?;
    Ok(states(ceremony.watch(), place).into_response())
}

/// The QR code. Its text is nowhere on the page: it is a secret, and phones read pictures.
pub(super) async fn code_picture(
    State(app): State<App>,
    Path(id): Path<String>,
    SessionCookie(session): SessionCookie,
) -> Result<Response, LiveFailure> {
    let ceremony = app.desk.find(&id, &session)?;
    let drawn = Picture::of(ceremony.code()).and_then(|picture| picture.png());
    let png = drawn.map_err(|error| LiveFailure::fault(&error))?;
    Ok(([(header::CONTENT_TYPE, "image/png")], png).into_response())
}

pub(super) async fn cancel_ceremony(
    State(app): State<App>,
    Path(id): Path<String>,
    SessionCookie(session): SessionCookie,
) -> Done {
    app.desk.find(&id, &session)?.cancel();
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn phone_events(
    State(app): State<App>,
    Path(slug): Path<String>,
) -> Result<Response, LiveFailure> {
    let screen = app.phones.find(&slug)?.watch();
    Ok(states(screen, place(&app)?).into_response())
}

/// One click instead of a camera: the phone looks at the picture of the code that waits.
pub(super) async fn look_at_the_screen(State(app): State<App>, Path(slug): Path<String>) -> Done {
    let phone = Arc::clone(app.phones.find(&slug)?);
    let code = app.desk.code_on_screen();
    let code = code.ok_or(PhoneRefusal::NothingOnScreen)?;
    let drawn = Picture::of(&code).and_then(|picture| picture.png());
    let png = drawn.map_err(|error| LiveFailure::fault(&error))?;
    scan(&app, &phone, png).await
}

/// A screenshot or a camera's picture.
pub(super) async fn scan_picture(
    State(app): State<App>,
    Path(slug): Path<String>,
    request: Request,
) -> Done {
    let phone = Arc::clone(app.phones.find(&slug)?);
    // Nothing is read for a phone that could not use it, nor more than can be looked at.
    phone.is_free()?;
    let _place = app.pictures.try_acquire().map_err(|_| {
        app.site.limits().reached(Limit::Pictures);
        let words = "too many pictures are being read: try again in a moment".to_owned();
        LiveFailure(StatusCode::SERVICE_UNAVAILABLE, words)
    })?;
    let picture = Bytes::from_request(request, &()).await;
    let picture = picture.map_err(|rejection| match rejection.status() {
        status @ StatusCode::PAYLOAD_TOO_LARGE => {
            LiveFailure(status, ReadError::ImageTooLarge.to_string())
        }
        status => LiveFailure(status, rejection.body_text()),
    })?;
    scan(&app, &phone, picture.to_vec()).await
}

async fn scan(app: &App, phone: &Arc<PocketPhone>, picture: Vec<u8>) -> Done {
    let read = tokio::task::spawn_blocking(move || qr_picture::read_image(&picture));
    let read = read.await.map_err(|error| LiveFailure::fault(&error))?;
    let text = read.map_err(|error| {
        if matches!(error, ReadError::ImageTooLarge) {
            app.site.limits().reached(Limit::PictureSize);
        }
        LiveFailure::from_picture(&error)
    })?;
    phone.scan(&text)?;
    Ok(StatusCode::ACCEPTED)
}

pub(super) async fn decide(
    State(app): State<App>,
    Path(slug): Path<String>,
    decides: Body<PersonDecides>,
) -> Done {
    let Json(decides) = decides?;
    let decision = match (decides.approve, decides.account) {
        (true, Some(account)) => Decision::ApproveAs(account),
        (true, None) => Decision::Approve,
        (false, _) => Decision::Decline,
    };
    let phone = app.phones.find(&slug)?;
    phone.prompt().decide(decides.ask, decision)?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn cancel_phone(State(app): State<App>, Path(slug): Path<String>) -> Done {
    app.phones.find(&slug)?.cancel();
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn forget(
    State(app): State<App>,
    Path(slug): Path<String>,
    forget: Body<Forget>,
) -> Done {
    let Json(Forget { passkey }) = forget?;
    app.phones.find(&slug)?.forget(passkey.as_deref()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What was seen, one event each; a page that comes back says which it has. Browsers say it by
/// themselves when they lost the connection, in a header field that scripts cannot set.
pub(super) async fn wire_events(
    State(app): State<App>,
    headers: HeaderMap,
    seen: Result<Query<Seen>, QueryRejection>,
) -> Result<Response, LiveFailure> {
    let Query(Seen { after }) = seen.map_err(Refusal::from)?;
    let place = place(&app)?;
    let last = headers.get("last-event-id");
    let last = last
        .and_then(|id| id.to_str().ok()?.parse().ok())
        .unwrap_or(after);
    Ok(sights(app.wire.clone(), last, place).into_response())
}
