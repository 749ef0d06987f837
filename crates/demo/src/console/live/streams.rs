//! Streams of server-sent events, of which there are only so many at a time.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, watch};

use super::failure::LiveFailure;
use crate::console::app::App;
use crate::console::wire::Wire;
use crate::relying_party::limits::Limit;

/// A place for one more stream of events; it is free again when the stream is dropped.
pub(super) fn place(app: &App) -> Result<OwnedSemaphorePermit, LiveFailure> {
    let place = Arc::clone(&app.streams).try_acquire_owned();
    place.map_err(|_| {
        app.site.limits().reached(Limit::Streams);
        let words = "too many pages listen for events: close some of them".to_owned();
        LiveFailure(StatusCode::SERVICE_UNAVAILABLE, words)
    })
}

/// The state now, and again after every change, for as long as somebody listens.
pub(super) fn states<T: Clone + Serialize + Send + Sync + 'static>(
    watch: watch::Receiver<T>,
    place: OwnedSemaphorePermit,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let start = (watch, true, place);
    let events = futures_util::stream::unfold(start, async |(mut watch, first, place)| {
        if !first {
            watch.changed().await.ok()?;
        }
        let state = watch.borrow_and_update().clone();
        let event = Event::default().json_data(&state).unwrap_or_default();
        Some((Ok(event), (watch, false, place)))
    });
    Sse::new(events).keep_alive(keep_alive())
}

/// What was seen after the sight of this number, one event each.
pub(super) fn sights(
    wire: Wire,
    last: u64,
    place: OwnedSemaphorePermit,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let place = Arc::new(place);
    let start = (wire.watch(), last, VecDeque::new());
    let events = futures_util::stream::unfold(start, move |(mut watch, mut last, mut queue)| {
        let (wire, place) = (wire.clone(), Arc::clone(&place));
        async move {
            let _place = place;
            while queue.is_empty() {
                watch.borrow_and_update();
                queue.extend(wire.since(last));
                if queue.is_empty() {
                    watch.changed().await.ok()?;
                }
            }
            let sight = queue.pop_front()?;
            last = sight.number;
            let event = Event::default().id(last.to_string()).json_data(&sight);
            Some((
                Ok::<_, Infallible>(event.unwrap_or_default()),
                (watch, last, queue),
            ))
        }
    });
    Sse::new(events).keep_alive(keep_alive())
}

fn keep_alive() -> KeepAlive {
    KeepAlive::new().interval(Duration::from_secs(15))
}
