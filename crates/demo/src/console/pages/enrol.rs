//! A new device: its name, then the phone.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::ceremony::Ceremony;
use crate::console::app::App;
use crate::console::failure::PageFailure;
use crate::console::layout::{self, Place};
use crate::relying_party::cookies::SessionCookie;
use crate::relying_party::policy::Requirement;
use crate::relying_party::refusal::Refusal;
use crate::relying_party::site::Situation;
use crate::relying_party::store::{Proved, SessionSecret};
use crate::relying_party::{MAX_DEVICE_NAME, MAX_DEVICES};

pub(in crate::console) async fn show(
    State(app): State<App>,
    SessionCookie(session): SessionCookie,
) -> Result<Response, PageFailure> {
    let situation = app.site.situation(&session).await?;
    // Whoever has a device shows it first, and then comes back here.
    if situation.owes_a_passkey() {
        return Ok(Redirect::to("/sign-in/passkey").into_response());
    }
    if situation.devices >= MAX_DEVICES {
        return Err(Refusal::TooManyPasskeys.into());
    }
    let signed_in = situation.session.proved != Proved::Password;
    let ceremony = Ceremony {
        operation: "register",
        next: if signed_in {
            "/devices"
        } else {
            "/sign-in/passkey"
        },
        end: "Registered",
        starts: false,
        rp_id: app.site.rp_id(),
        before: name_field(&suggestion(&app, &session, &situation).await?),
    };
    let mandatory = !signed_in && situation.requirement == Requirement::Mandatory;
    let body = html! {
        section.card.broad {
            @if mandatory {
                p.eyebrow { "Required by your organization" }
            } @else {
                p.eyebrow { "MFA device " (situation.devices + 1) " of at most " (MAX_DEVICES) }
            }
            h1 { "Register a passkey" }
            p.lead {
                @if mandatory {
                    "Your organization requires multi-factor authentication. Register a passkey "
                    "on your phone to go on; then you sign in with it."
                } @else {
                    "The key is made on your phone. This site only ever has its public half."
                }
            }
            (ceremony.markup())
        }
    };
    let title = "Register a passkey";
    let page = if signed_in {
        layout::console(&app, &situation, Place::Devices, title, body)
    } else {
        layout::plain(title, body)
    };
    Ok(page.into_response())
}

/// A name that the user has not given yet.
async fn suggestion(
    app: &App,
    session: &SessionSecret,
    situation: &Situation,
) -> Result<String, Refusal> {
    let taken = match situation.devices {
        0 => Vec::new(),
        _ => app.site.devices(session).await?.devices,
    };
    let numbered = (3..=MAX_DEVICES + 1).map(|number| format!("My phone {number}"));
    let mut names = ["My phone", "My other phone"]
        .map(str::to_owned)
        .into_iter()
        .chain(numbered);
    let free = names.find(|name| {
        let mut taken = taken.iter();
        !taken.any(|device| device.name.to_lowercase() == name.to_lowercase())
    });
    Ok(free.unwrap_or_default())
}

fn name_field(suggestion: &str) -> Markup {
    html! {
        label.device-name {
            span { "Name of the device" }
            input name="name" data-name value=(suggestion) maxlength=(MAX_DEVICE_NAME) required
                autocomplete="off";
            small { "For yourself, to tell your devices apart" }
        }
    }
}
