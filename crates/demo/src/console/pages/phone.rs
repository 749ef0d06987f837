//! The simulated phone.

use axum::extract::{Path, State};
use axum::response::Redirect;
use maud::{Markup, html};

use crate::console::app::App;
use crate::console::failure::PageFailure;
use crate::console::layout;
use crate::relying_party::refusal::Refusal;

/// The first phone.
pub(in crate::console) async fn choose(State(app): State<App>) -> Redirect {
    let first = app.phones.all().first().map_or("", |phone| phone.slug);
    Redirect::to(&format!("/phone/{first}"))
}

pub(in crate::console) async fn show(
    State(app): State<App>,
    Path(slug): Path<String>,
) -> Result<Markup, PageFailure> {
    let phone = app.phones.find(&slug).map_err(|_| Refusal::NotFound)?;
    let body = html! {
        div.about-phone {
            h1 { "A phone for the demo" }
            p.lead { "It runs Hawser’s phone library, and this page is its screen. The rest is real: it scans a picture, dials the relay, and keeps its passkeys to itself." }
            nav.phones aria-label="Phones" {
                @for other in app.phones.all() {
                    a class=(other.slug) href=(format!("/phone/{}", other.slug)) aria-current=[(other.slug == phone.slug).then_some("page")] {
                        span.dot aria-hidden="true" {} (other.name)
                    }
                }
            }
            p.hint { "Simulated: Bluetooth, the fingerprint, and the phone itself. Passkeys are said to be synced." }
        }
        section class={ "handset " (phone.slug) } data-phone=(phone.slug) aria-label=(phone.name) {
            div.screen {
                div.status-bar aria-hidden="true" { span { (phone.name) } span { "●●●" } }
                div.face data-face {
                    p.state role="status" tabindex="-1" data-state { "Ready" }
                    div.scanner data-scanner {
                        button.primary.wide type="button" data-look { "Scan the code on the screen" }
                        button.wide type="button" data-camera hidden { "Use the camera" }
                        video data-video hidden playsinline muted {}
                        label.drop data-drop {
                            span { "or paste, drop or choose a screenshot" }
                            input.hidden type="file" accept="image/png,image/jpeg" data-file;
                        }
                    }
                    button.wide type="button" data-stop hidden { "Cancel" }
                    p.alert role="alert" data-failure hidden {}
                    div.vault {
                        h2 { "Passkeys" }
                        p.hint data-none { "None on this phone." }
                        ul data-passkeys {}
                        button.quiet.danger-text type="button" data-lose hidden { "Lose this phone" }
                    }
                }
                div.sheet data-sheet role="dialog" aria-modal="true" aria-labelledby="ask" hidden {
                    h2 #ask data-ask-title {}
                    p.site { (lock()) strong data-ask-site {} }
                    p.hint data-ask-name {}
                    fieldset data-ask-accounts { legend { "Account" } }
                    button.primary.wide type="button" data-approve {}
                    button.wide type="button" data-decline { "Decline" }
                    p.hint data-ask-verifies { "The site wants to know that it is you: approving stands for your fingerprint." }
                }
            }
        }
    };
    Ok(layout::tool(phone.name, "phone", body))
}

fn lock() -> Markup {
    html! {
        svg.lock viewBox="0 0 20 20" width="18" height="18" fill="none" stroke="currentColor"
            stroke-width="1.6" stroke-linecap="round" aria-hidden="true" {
            rect x="4" y="9" width="12" height="8" rx="2" {}
            path d="M6.5 9V6.500a3.500 3.500 0 0 1 7 0V9" {}
        }
    }
}
