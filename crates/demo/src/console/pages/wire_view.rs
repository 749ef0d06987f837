//! What the relay sees, beside what the two ends see.

use maud::{Markup, html};

use crate::console::layout;

pub(in crate::console) async fn show() -> Markup {
    let body = html! {
        div.title {
            h1 { "What the relay sees" }
            p.lead {
                "Laptop and phone talk through a relay that neither has to trust. "
                "Left and right is what they know. In the middle is all that the relay can know: that "
                "two connections belong together, where they come from, and how long each message is."
            }
        }
        div.wire-head aria-hidden="true" {
            span.laptop { "Laptop" }
            span.relay { "Relay" }
            span.phone { "Phone" }
        }
        ol.sights data-wire aria-label="Events, oldest first" aria-live="polite" {}
        p.empty data-wire-empty { "Nothing yet. Sign in to the console in another window, and watch." }
        section.card.explain {
            h2 { "How to read it" }
            ul {
                li { strong { "Lengths repeat." } " Both handshake messages have 81 bytes. What follows is padded to steps of 32 bytes, plus 16 of authentication." }
                li { strong { "Ids are random." } " The tunnel’s id comes from the secret in the QR code and is used once." }
                li { strong { "The middle has no key." } " Keys come from the QR code, the advert over Bluetooth, and a fresh key exchange. The relay takes part in none of them." }
                li { strong { "This page cheats." } " Ends and relay run in one program here, so that you can see all three. In real life nobody can." }
            }
        }
    };
    layout::tool("Wire view", "wire", body)
}
