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
use crate::relying_party::store::Proved;
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
        before: name_field(situation.devices),
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
                    "The key is made on your phone and never leaves it. This site keeps the public half."
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

fn name_field(devices: usize) -> Markup {
    let suggestion = if devices == 0 {
        "My phone"
    } else {
        "My other phone"
    };
    html! {
        label.device-name {
            span { "Name of the device" }
            input name="name" data-name value=(suggestion) maxlength=(MAX_DEVICE_NAME) required
                autocomplete="off";
            small { "For yourself, to tell your devices apart" }
        }
    }
}
