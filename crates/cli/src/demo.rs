//! `hawser demo`: the product at work on one computer.
//!
//! | module | what it holds |
//! |---|---|
//! | [`story`] | the story, told in the terminal |

mod narrator;
mod story;

use clap::Args;

use crate::ending::Ending;

/// Watch a phone approve a laptop sign-in: relay, site, laptop and phone on this computer.
///
/// A passkey is enrolled after a password, then the same user signs in with password and passkey. Everything goes over real
/// sockets, and the phone reads the QR code from what the laptop shows. Only the radio is simulated, so nothing here proves that
/// the phone is near.
///
/// The exit code is 0 only when the site has verified both ceremonies.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    #[command(flatten)]
    story: story::Flags,
}

impl Demo {
    pub(crate) fn run(self) -> Ending {
        self.story.run()
    }
}
