//! What somebody without MFA is told at sign-in, while they may still put it off.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use maud::{Markup, html};

use crate::console::app::App;
use crate::console::failure::PageFailure;
use crate::console::forms;
use crate::console::layout;
use crate::console::own_form::OwnForm;
use crate::console::words::{day, days_until, plural};
use crate::relying_party::cookies::{SessionCookie, session_cookie};
use crate::relying_party::policy::Requirement;

pub(in crate::console) async fn show(
    State(app): State<App>,
    SessionCookie(session): SessionCookie,
) -> Result<Response, PageFailure> {
    let situation = app.site.situation(&session).await?;
    if situation.devices > 0 {
        return Ok(Redirect::to("/sign-in/passkey").into_response());
    }
    let (title, message): (&str, Markup) = match situation.requirement {
        Requirement::Mandatory => return Ok(Redirect::to("/devices/new").into_response()),
        Requirement::Due(deadline) => (
            "MFA will be required",
            html! {
                p.lead {
                    "From " strong { (day(deadline)) } " on, your organization requires multi-factor "
                    "authentication for your account. Without it you will not get past this page."
                }
                p.deadline {
                    strong { (plural(days_until(deadline, app.site.now()), "day", "days")) } " left to register"
                }
            },
        ),
        Requirement::Advised | Requirement::Nothing => (
            "Protect your account",
            html! {
                p.lead {
                    "Your organization asks you to add a passkey on your phone. It is not required "
                    "yet; when it will be, you will be told here first."
                }
            },
        ),
    };
    let page = layout::plain(
        title,
        html! {
            section.card.narrow {
                p.eyebrow { "Hello " bdi { (situation.user.display_name) } }
                h1 { (title) }
                (message)
                p { "It takes a minute: scan a code with your phone and confirm with your fingerprint." }
                div.actions {
                    a.button.primary href="/devices/new" { "Register a passkey" }
                    (forms::form("/sign-in/notice", &situation, html! { button { "Not now" } }))
                }
            }
        },
    );
    Ok(page.into_response())
}

/// Lets somebody in who puts it off.
pub(in crate::console) async fn skip(
    State(app): State<App>,
    jar: CookieJar,
    form: OwnForm,
) -> Result<(CookieJar, Redirect), PageFailure> {
    let session = app.site.admit(&form.session).await?;
    Ok((
        jar.add(session_cookie(&session, &app.site)),
        Redirect::to("/"),
    ))
}
