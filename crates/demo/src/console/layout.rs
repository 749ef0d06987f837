//! What all pages share: the frame, forms, dates.

#![expect(
    clippy::needless_pass_by_value,
    reason = "markup is made where it is handed over"
)]

use std::time::{Duration, SystemTime};

use maud::{DOCTYPE, Markup, html};
use time::OffsetDateTime;
use time::macros::format_description;

use super::app::App;
use super::forms::TOKEN;
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
    document(
        title,
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
                script src="/assets/console.js" defer {}
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

/// A form of the session.
pub(super) fn form(action: &str, situation: &Situation, fields: Markup) -> Markup {
    html! {
        form method="post" action=(action) {
            input type="hidden" name=(TOKEN) value=(situation.session.form_token);
            (fields)
        }
    }
}

/// What went wrong, above a form.
pub(super) fn alert(words: Option<&str>) -> Markup {
    html! {
        @if let Some(words) = words {
            p.alert role="alert" { (sentence(words)) }
        }
    }
}

/// A refusal's words as a sentence.
pub(super) fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let Some(first) = letters.next() else {
        return String::new();
    };
    let rest = letters.as_str();
    let stop = if rest.ends_with(['.', '?', '!']) {
        ""
    } else {
        "."
    };
    format!("{}{rest}{stop}", first.to_uppercase())
}

/// A moment, for people and for programs.
pub(super) fn moment(at: SystemTime) -> Markup {
    let at = OffsetDateTime::from(at);
    let shown = at.format(format_description!(
        "[day padding:none] [month repr:short] [year], [hour]:[minute]"
    ));
    let machine = at.format(format_description!(
        "[year]-[month]-[day]T[hour]:[minute]:[second]Z"
    ));
    html! {
        time datetime=(machine.unwrap_or_default()) title="UTC" { (shown.unwrap_or_default()) }
    }
}

/// A day, for people and for programs.
pub(super) fn day(at: SystemTime) -> Markup {
    let at = OffsetDateTime::from(at);
    let shown = at.format(format_description!(
        "[day padding:none] [month repr:long] [year]"
    ));
    let machine = at.format(format_description!("[year]-[month]-[day]"));
    html! { time datetime=(machine.unwrap_or_default()) { (shown.unwrap_or_default()) } }
}

/// How many whole days from now on, rounded up.
pub(super) fn days_until(then: SystemTime, now: SystemTime) -> u64 {
    let left = then.duration_since(now).unwrap_or_default();
    left.as_secs().div_ceil(Duration::from_hours(24).as_secs())
}

pub(super) fn plural(count: u64, one: &str, many: &str) -> String {
    if count == 1 {
        format!("1 {one}")
    } else {
        format!("{count} {many}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_rounded_up_and_never_negative() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(24);
        assert_eq!(days_until(now + Duration::from_secs(1), now), 1);
        assert_eq!(days_until(now + Duration::from_hours(48), now), 2);
        assert_eq!(days_until(SystemTime::UNIX_EPOCH, now), 0);
    }

    #[test]
    fn words_become_sentences() {
        assert_eq!(sentence("no such user"), "No such user.");
        assert_eq!(sentence("why?"), "Why?");
        assert_eq!(sentence(""), "");
    }

    #[test]
    fn moments_are_utc() {
        let shown = moment(SystemTime::UNIX_EPOCH).into_string();
        assert!(shown.contains("1 Jan 1970, 00:00"), "{shown}");
        assert!(shown.contains("1970-01-01T00:00:00Z"), "{shown}");
    }
}
