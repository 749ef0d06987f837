//! The `hawser` command: passkeys between a phone and a laptop, from a terminal.
//!
//! | module | subcommand |
//! |---|---|
//! | [`demo`] | `hawser demo`: the whole story on this computer |

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what a command says, it says there"
)]

mod demo;
mod ending;
mod logging;
mod qr_code;
mod runtime;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Passkey sign-in on a laptop with a phone: FIDO hybrid transport (caBLE v2).
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, after_help = EXIT_CODES)]
struct Hawser {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(after_help = EXIT_CODES)]
    Demo(demo::Demo),
}

fn main() -> ExitCode {
    let hawser = Hawser::parse();
    logging::start();
    let ending = match hawser.command {
        Command::Demo(demo) => demo.run(),
    };
    match ending {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

/// Shown under every `--help`.
const EXIT_CODES: &str = "\
Exit codes:
  0    it worked
  1    it did not: declined, failed, not found
  2    wrong usage, or input that cannot be read
  130  ended with Ctrl-C

HAWSER_LOG=debug shows on standard error what the libraries do.";
