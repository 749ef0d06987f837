//! The second page: the passkey.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;

use super::ceremony::Ceremony;
use crate::console::app::App;
use crate::console::failure::PageFailure;
use crate::console::forms;
use crate::console::layout;
use crate::console::signed_in::next_step;
use crate::relying_party::cookies::SessionCookie;

pub(in crate::console) async fn show(
    State(app): State<App>,
    SessionCookie(session): SessionCookie,
) -> Result<Response, PageFailure> {
    let situation = app.site.situation(&session).await?;
    if situation.devices == 0 {
        let next = next_step(&situation);
        return Ok(next.unwrap_or_else(|| Redirect::to("/")).into_response());
    }
    let ceremony = Ceremony {
        operation: "sign-in",
        next: "/",
        end: "Signed in",
        starts: true,
        rp_id: app.site.rp_id(),
        before: html! {},
    };
    let page = layout::plain(
        "Confirm with your phone",
        html! {
            section.card.broad {
                div.heading {
                    div {
                        p.eyebrow { "Step 2 of 2" }
                        h1 { "Confirm with your phone" }
                        p.lead {
                            "Hello " bdi { (situation.user.display_name) } ". Scan the code with a phone "
                            "that has your passkey, and approve there."
                        }
                    }
                    (forms::form("/leave", &situation, html! { button.quiet { "Use another account" } }))
                }
                (ceremony.markup())
            }
        },
    );
    Ok(page.into_response())
}
