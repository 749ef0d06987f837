//! `hawser demo`: the product at work on one computer.
//!
//! | module | what it holds |
//! |---|---|
//! | [`story`] | the story, told in the terminal |
//! | [`web`] | the same as a console with pages |
//! | [`admin`] | the console's administrator |

mod admin;
mod narrator;
mod story;
mod web;

use clap::{Args, Subcommand};

use crate::ending::Ending;

/// Watch a phone approve a laptop sign-in: relay, site, laptop and phone on this computer.
///
/// A passkey is enrolled after a password, then the same user signs in with password and passkey. Everything goes over real
/// sockets, and the phone reads the QR code from what the laptop shows. Only the radio is simulated, so nothing here proves that
/// the phone is near.
///
/// The exit code is 0 only when the site has verified both ceremonies.
///
/// With --web the story is a console with pages, and the phone is a page too.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Demo {
    #[command(flatten)]
    story: story::Flags,
    #[command(flatten)]
    web: web::Flags,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Admin(admin::Admin),
}

impl Demo {
    pub(crate) fn run(self) -> Ending {
        match self.command {
            Some(Command::Admin(admin)) => admin.run(),
            None if self.web.wanted() => self.web.run(),
            None => self.story.run(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_flags_of_all_commands_go_together() {
        crate::Hawser::command().debug_assert();
    }
}
