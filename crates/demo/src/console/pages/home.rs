//! The overview: where somebody stands.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use crate::console::app::App;
use crate::console::failure::PageFailure;
use crate::console::layout::{self, Place};
use crate::console::signed_in::SignedIn;
use crate::console::words::{day, days_until, moment, plural};
use crate::relying_party::AuditEntry;
use crate::relying_party::policy::Requirement;
use crate::relying_party::site::Situation;

pub(in crate::console) async fn show(
    State(app): State<App>,
    SignedIn { session, situation }: SignedIn,
) -> Result<Response, PageFailure> {
    let recent = app.site.own_audit(&session, 8).await?;
    let user = &situation.user;
    let body = html! {
        div.title {
            h1 { "Good day, " bdi { (user.display_name) } }
            p.lead { bdi { (user.account) } " · " (user.population.title().to_lowercase()) }
        }
        div.columns {
            (protection(&app, &situation))
            section.card aria-labelledby="recent" {
                h2 #recent { "Recent activity" }
                (activity(&recent, &user.name))
            }
        }
    };
    Ok(layout::console(&app, &situation, Place::Home, "Overview", body).into_response())
}

fn protection(app: &App, situation: &Situation) -> Markup {
    let devices = u64::try_from(situation.devices).unwrap_or(u64::MAX);
    html! {
        section.card aria-labelledby="protection" {
            h2 #protection { "Sign-in protection" }
            @if devices > 0 {
                p.verdict.good { "Multi-factor authentication is on" }
                p {
                    "Signing in takes your password and "
                    @if devices == 1 { "your passkey." } @else { "one of your " (devices) " passkeys." }
                }
                @if devices == 1 {
                    p.hint { "Add a second device: if you lose the only one, an administrator has to let you back in." }
                }
                p { a.button href="/devices" { "Manage devices" } }
            } @else {
                p.verdict.bad { "Only your password protects this account" }
                @match situation.requirement {
                    Requirement::Due(deadline) => p {
                        "Multi-factor authentication is required from " strong { (day(deadline)) } " on: "
                        (plural(days_until(deadline, app.site.now()), "day", "days")) " left."
                    },
                    Requirement::Mandatory => p { "Multi-factor authentication is required at your next sign-in." },
                    _ => p { "Add a passkey on your phone; a stolen password is then worth nothing." },
                }
                p { a.button.primary href="/devices/new" { "Register a passkey" } }
            }
        }
    }
}

fn activity(entries: &[AuditEntry], user: &str) -> Markup {
    html! {
        @if entries.is_empty() {
            p.hint { "Nothing yet." }
        } @else {
            ul.activity {
                @for entry in entries {
                    li {
                        span { (entry.event.title()) @if !entry.detail.is_empty() { ": " bdi { (entry.detail) } } }
                        span.meta {
                            (moment(entry.at))
                            @if !entry.actor.is_empty() && entry.actor != user { " · by " (entry.actor) }
                        }
                    }
                }
            }
        }
    }
}
