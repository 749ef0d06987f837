//! Counters, for monitoring.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::console::app::App;
use crate::console::failure::PageFailure;
use crate::relying_party::refusal::Refusal;

/// How often each limit was reached: counts only, so anybody may see them who reaches the demo.
pub(in crate::console) async fn show(State(app): State<App>) -> Result<Response, PageFailure> {
    let text = app.site.limits().text().map_err(Refusal::Metrics)?;
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
