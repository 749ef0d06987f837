//! What a challenge looks like: two ways to be the laptop, a code, and a timeline.

use hawser_radio::loopback::PROXIMITY_NOTICE;
use maud::{Markup, html};

use crate::console::words;

/// A challenge to be answered with a phone.
pub(super) struct Ceremony<'a> {
    /// `sign-in` or `register`.
    pub(super) operation: &'static str,
    /// Where it leads.
    pub(super) next: &'static str,
    /// What the last stage is called.
    pub(super) end: &'static str,
    /// Whether the code is shown at once.
    pub(super) starts: bool,
    /// The site's id, for signals to the browser.
    pub(super) rp_id: &'a str,
    /// What comes before the code: a field for the device's name.
    pub(super) before: Markup,
}

impl Ceremony<'_> {
    pub(super) fn markup(&self) -> Markup {
        html! {
            div.ceremony data-ceremony=(self.operation) data-next=(self.next)
                data-rp-id=(self.rp_id) data-starts[self.starts] {
                (self.before)
                fieldset.ways {
                    legend.hidden { "How to reach the phone" }
                    label {
                        input type="radio" name="way" value="page" checked;
                        span { "QR code on this page" }
                    }
                    label {
                        input type="radio" name="way" value="browser";
                        span { "This browser’s own dialog" }
                    }
                }
                p.alert role="alert" data-failure hidden {}
                div.exchange {
                    figure.code {
                        div.sheet {
                            img alt="QR code: scan it with the phone" width="296" height="296" data-code hidden;
                            div.blank data-blank {
                                button.primary type="button" data-begin { "Show the code" }
                            }
                            div.seen data-seen hidden { (phone_icon()) p { "Look at your phone" } }
                        }
                        figcaption {
                            a href="/phone" target="_blank" { "Open the demo’s phone" span aria-hidden="true" { " ↗" } }
                            button.quiet type="button" data-cancel hidden { "Cancel" }
                        }
                    }
                    div.progress {
                        ol.timeline aria-label="Progress" {
                            @for (stage, title, about) in STAGES {
                                li data-stage=(stage) {
                                    span.title { (title) }
                                    span.about { (about) }
                                    span.time {}
                                }
                            }
                            li data-stage="verified" {
                                span.title { (self.end) }
                                span.about { "The site has verified the passkey" }
                                span.time {}
                            }
                        }
                        p.hidden role="status" data-status {}
                        p.notice data-simulated { strong { "Simulated proximity. " } (words::sentence(notice())) }
                        p.notice data-real hidden {
                            "The browser shows its own code and needs Bluetooth to hear the phone. "
                            "Use a phone of your own, or "
                            code { "hawser phone" } "."
                        }
                    }
                }
                noscript { p.alert { "Passkeys need scripts: allow them for this page." } }
            }
        }
    }
}

/// The radio crate's words, after its first ones.
fn notice() -> &'static str {
    let words = PROXIMITY_NOTICE.split_once(": ");
    words.map_or(PROXIMITY_NOTICE, |(_, rest)| rest)
}

fn phone_icon() -> Markup {
    html! {
        svg viewBox="0 0 24 24" width="56" height="56" fill="none" stroke="currentColor"
            stroke-width="1.4" stroke-linecap="round" aria-hidden="true" {
            rect x="6.5" y="2.5" width="11" height="19" rx="2.2" {}
            path d="M10.5 18.6h3" {}
        }
    }
}

const STAGES: [(&str, &str, &str); 5] = [
    (
        "waiting-for-scan",
        "Scan the code",
        "Hold the phone to this screen",
    ),
    ("phone-nearby", "Phone nearby", "Its advert was heard"),
    ("connected", "Connected", "Both are at the relay"),
    ("secured", "Secured", "Encrypted from end to end"),
    (
        "waiting-for-approval",
        "Approve on the phone",
        "It shows the site and your name",
    ),
];
