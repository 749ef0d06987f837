//! The `hawser` command: passkeys between a phone and a laptop, from a terminal.
//!
//! | module | subcommand |
//! |---|---|
//! | [`demo`] | `hawser demo`: the whole story on this computer |
//! | [`laptop`], [`phone`] | `hawser laptop`, `hawser phone`: one side each, against any tunnel service |
//! | [`inspect`], [`domain`] | `hawser inspect`, `hawser domain`: what bytes and numbers mean |
//! | [`doctor`] | `hawser doctor`: what would keep a sign-in from working |
//! | [`generate`] | `hawser completions`, `hawser man` |
//!
//! | module | what the subcommands share |
//! |---|---|
//! | [`ending`], [`output`], [`reader`] | exit codes, error lines, results, who reads them |
//! | [`screen`], [`paper`], [`qr_code`] | what is shown, and how it looks |
//! | [`tunnel_service`], [`radio`], [`argument`] | flags |
//! | [`runtime`], [`signal`], [`logging`] | waiting, Ctrl-C and its like, the libraries' log |

mod argument;
mod demo;
mod doctor;
mod domain;
mod ending;
mod generate;
mod inspect;
mod laptop;
mod logging;
mod output;
mod paper;
mod phone;
mod qr_code;
mod radio;
mod reader;
mod runtime;
mod screen;
mod signal;
mod tunnel_service;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

/// Passkey sign-in on a laptop with a phone: FIDO hybrid transport (caBLE v2).
#[derive(Debug, Parser)]
#[command(name = "hawser", version, propagate_version = true, max_term_width = 100, after_help = EXIT_CODES)]
struct Hawser {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(after_help = EXIT_CODES)]
    Demo(demo::Demo),
    #[command(after_help = EXIT_CODES)]
    Laptop(laptop::Laptop),
    #[command(after_help = EXIT_CODES)]
    Phone(phone::Phone),
    Inspect(inspect::Inspect),
    #[command(after_help = EXIT_CODES)]
    Domain(domain::Domain),
    #[command(after_help = EXIT_CODES)]
    Doctor(doctor::Doctor),
    Completions(generate::Completions),
    Man(generate::Man),
}

fn main() -> ExitCode {
    let hawser = Hawser::parse();
    if let Err(failure) = logging::start() {
        return failure.report();
    }
    let ending = match hawser.command {
        Command::Demo(demo) => demo.run(),
        Command::Laptop(laptop) => laptop.run(),
        Command::Phone(phone) => phone.run(),
        Command::Inspect(inspect) => inspect.run(),
        Command::Domain(domain) => domain.run(),
        Command::Doctor(doctor) => doctor.run(),
        Command::Completions(completions) => completions.run(Hawser::command()),
        Command::Man(man) => man.run(Hawser::command()),
    };
    match ending {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

/// Shown under `--help`.
const EXIT_CODES: &str = "\
Exit codes:
  0    it worked
  1    it did not: declined, failed, not found
  2    wrong usage, or input that cannot be read
  130  ended with Ctrl-C (129: the terminal was closed, 143: SIGTERM)

HAWSER_LOG=debug shows on standard error what the libraries do (off, error, warn, info, debug, trace).";
