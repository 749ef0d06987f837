//! The audit trail.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use maud::html;
use serde::Deserialize;

use crate::console::app::App;
use crate::console::failure::PageFailure;
use crate::console::layout::{self, Place};
use crate::console::signed_in::SignedIn;
use crate::console::words::moment;
use crate::relying_party::refusal::Refusal;
use crate::relying_party::site::Actor;

#[derive(Deserialize)]
pub(in crate::console) struct Filter {
    user: Option<String>,
}

pub(in crate::console) async fn show(
    State(app): State<App>,
    SignedIn { session, situation }: SignedIn,
    query: Result<Query<Filter>, QueryRejection>,
) -> Result<Response, PageFailure> {
    let Query(Filter { user }) = query.map_err(Refusal::from)?;
    let user = user.filter(|user| !user.is_empty());
    let actor = Actor::Session(session);
    let entries = app.site.audit_trail(actor, user.clone(), SHOWN).await?;
    let body = html! {
        div.title.with-action {
            div {
                h1 { "Audit trail" }
                p.lead { "Who did what to whom. Entries are added, never changed." }
            }
            form.filter method="get" action="/admin/audit" {
                label.inline {
                    span { "User" }
                    input name="user" value=(user.as_deref().unwrap_or_default()) autocomplete="off";
                }
                button { "Show" }
            }
        }
        section.card {
            @if entries.is_empty() {
                p.hint { "No entries." }
            } @else {
                div.scroll tabindex="0" role="region" aria-label="Audit trail" {
                    table.audit {
                        thead { tr { th scope="col" { "Time (UTC)" } th scope="col" { "Who" } th scope="col" { "What" } th scope="col" { "Concerns" } th scope="col" { "Detail" } } }
                        tbody {
                            @for entry in &entries {
                                tr {
                                    td.time { (moment(entry.at)) }
                                    td { @if entry.actor.is_empty() { "–" } @else { (entry.actor) } }
                                    td { (entry.event.title()) }
                                    td { @if entry.subject.is_empty() { "–" } @else { (entry.subject) } }
                                    td.detail { bdi { (entry.detail) } }
                                }
                            }
                        }
                    }
                }
                @if entries.len() == SHOWN { p.hint { "The latest " (SHOWN) " entries." } }
            }
        }
    };
    Ok(layout::console(&app, &situation, Place::Audit, "Audit trail", body).into_response())
}

/// Most entries on the page.
const SHOWN: usize = 200;
