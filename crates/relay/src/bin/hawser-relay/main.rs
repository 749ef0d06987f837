//! The `hawser-relay` program: configuration, logs, certificate, listeners, work, drain.
//!
//! | module | job |
//! |---|---|
//! | `check` | what can be said of a configuration without running it |
//! | `run` | from settings to a relay at work, and to its end |
//! | `house` | what goes on beside the work: the operator's questions, certificates, keys |
//! | `parts` | what both checking and running make of settings |

mod check;
mod house;
mod parts;
mod run;

use std::io::{self, Write as _};
use std::process::ExitCode;

use hawser_relay::config::{self, Action};

/// Packs the few hundred bytes of a connection tighter than the C library, and gives memory back when
/// thousands of connections have gone (docs/performance.md has the figures).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Error = Box<dyn std::error::Error>;

/// Exit status for a configuration that is wrong.
const WRONG: u8 = 2;

fn main() -> ExitCode {
    let matches = config::command().get_matches();
    let variables: Vec<_> = std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .collect();
    let loaded = match config::load(&matches, &variables) {
        Ok(loaded) => loaded,
        Err(error) => return complain(&error.to_string(), WRONG),
    };
    match loaded.action {
        Action::Run => run::run(&loaded),
        Action::Print => print(&config::as_file(&loaded.settings, &loaded.origins)),
        Action::Check => match check::check(&loaded) {
            Ok(report) => print(&report),
            Err(error) => complain(&error.to_string(), WRONG),
        },
    }
}

fn complain(what: &str, status: u8) -> ExitCode {
    // Nobody to tell if standard error is closed.
    let _ = writeln!(io::stderr(), "{what}");
    ExitCode::from(status)
}

fn print(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
