//! The frame that all pages stand in.

#![expect(
    clippy::needless_pass_by_value,
    reason = "markup is made where it is handed over"
)]

use maud::{DOCTYPE, Markup, html};

use super::app::App;
use super::forms::form;
use crate::relying_party::site::Situation;

/// The places of the console's menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Home,
    Devices,
    Administration,
    Audit,
}

/// A page for somebody who is signed in.
pub(super) fn console(
    app: &App,
    situation: &Situation,
    here: Place,
    title: &str,
    body: Markup,
) -> Markup {
    let user = &situation.user;
    document(
        title,
        html! {
            header.bar {
                a.brand href="/" { (mark()) span { "Harbour Console" } }
                nav aria-label="Console" {
                    (place("/", "Overview", here == Place::Home))
                    (place("/devices", "MFA devices", here == Place::Devices))
                    @if user.administrator {
                        (place("/admin", "Roll-out", here == Place::Administration))
                        (place("/admin/audit", "Audit", here == Place::Audit))
                    }
                }
                div.who {
                    span.name { bdi { (user.display_name) } }
                    span.account { (user.name) " · " bdi { (user.account) } }
                }
                (form("/leave", situation, html! { button.quiet { "Sign out" } }))
            }
            main id="main" { (body) }
            (demo_strip(Some(app)))
        },
    )
}

/// A page for somebody on the way in, or for nobody in particular.
pub(super) fn plain(title: &str, body: Markup) -> Markup {
    document(
        title,
        html! {
            header.bar.bare { a.brand href="/" { (mark()) span { "Harbour Console" } } }
            main.entrance id="main" { (body) }
            (demo_strip(None))
        },
    )
}

/// A page of the demo's own, outside of the console: the phone and the wire view.
pub(super) fn tool(title: &str, kind: &'static str, body: Markup) -> Markup {
    let style = format!("/assets/console/{kind}.css");
    document_with(
        title,
        html! { link rel="stylesheet" href=(style); },
        html! {
            header.bar.bare {
                a.brand href="/" { (mark()) span { "Harbour Console" } }
                nav aria-label="Demo" {
                    (place("/phone", "Phone", kind == "phone"))
                    (place("/wire", "Wire view", kind == "wire"))
                }
            }
            main id="main" class=(kind) { (body) }
        },
    )
}

fn document(title: &str, body: Markup) -> Markup {
    document_with(title, html! {}, body)
}

/// A document with a head of its own beside everybody's.
fn document_with(title: &str, head: Markup, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Harbour Console" }
                link rel="icon" type="image/svg+xml" href="/assets/mark.svg";
                link rel="stylesheet" href="/assets/console.css";
                (head)
                script type="module" src="/assets/console.js" {}
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                (body)
            }
        }
    }
}

fn place(address: &str, name: &str, here: bool) -> Markup {
    html! { a href=(address) aria-current=[here.then_some("page")] { (name) } }
}

/// What belongs to the demo and not to a console.
fn demo_strip(app: Option<&App>) -> Markup {
    let days = app.map_or(0, |app| app.clock.days_ahead());
    html! {
        footer.strip {
            span.tag { "Demo" }
            a href="/phone" target="_blank" { "Phone" span aria-hidden="true" { " ↗" } }
            a href="/wire" target="_blank" { "Wire view" span aria-hidden="true" { " ↗" } }
            @if days > 0 { span { "The clock is " (days) " days ahead" } }
            span.end { "Signed in across devices by Hawser" }
        }
    }
}

/// The mark: a bollard with a rope around it.
fn mark() -> Markup {
    html! { img.mark src="/assets/mark.svg" alt="" width="28" height="28"; }
}
