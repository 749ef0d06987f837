//! Drives a FIDO hybrid (caBLE) tunnel service: what it can hold, what it costs, whether it is
//! correct. The program `hawser-loadtest` is this library's only user; [`main`] is all of it that
//! is public.
//!
//! | module | job |
//! |---|---|
//! | `args` | the command line |
//! | `client` | enough HTTP and WebSocket to be faster than what is measured |
//! | `payload`, `ledger`, `tunnel` | messages that prove themselves, and who judges them |
//! | `fault` | what can go wrong, by kind |
//! | `measure` | due times, exact alarms, counts, histograms |
//! | `run` | threads, open and closed loops, the window that is measured |
//! | `watch` | what the service costs, and whether the harness is itself the limit |
//! | `scenario` | one file for each way to load a service |
//! | `report` | table, JSON, CSV, histogram log, HTML, comparison, sums |
//!
//! It knows nothing of what flows through a tunnel: payloads are random bytes of realistic sizes.

mod args;
mod client;
mod fault;
mod ledger;
mod measure;
mod number;
mod payload;
mod report;
mod run;
mod scenario;
mod tunnel;
mod watch;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Arguments, Scenario};
use crate::report::record::Outcome;
use crate::scenario::Failed;

/// Exit code for a command line or surroundings that make no run.
const USAGE: u8 = 2;

/// Runs the program: reads the command line, drives, reports.
#[must_use]
pub fn main() -> ExitCode {
    // The parser exits with code 2 by itself.
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(outcome) => ExitCode::from(outcome.exit_code()),
        Err(error) => {
            complain(&error);
            ExitCode::from(USAGE)
        }
    }
}

fn run(arguments: &Arguments) -> Result<Outcome, Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Failed::Setup(e.into()))?;
    runtime.block_on(async {
        match &arguments.scenario {
            Scenario::SignIns(args) => scenario::sign_ins(args).await,
            Scenario::Idle(args) => scenario::idle(args).await,
            Scenario::Stream(args) => scenario::stream(args).await,
            Scenario::Churn(args) => scenario::churn(args).await,
            Scenario::Capacity(args) => scenario::capacity(args).await,
            Scenario::Hostile(args) => scenario::hostile(args).await,
            Scenario::Soak(args) => scenario::soak(args).await,
            Scenario::Merge(args) => scenario::merge(args),
            Scenario::Report(args) => scenario::report(args),
        }
    })
}

#[expect(clippy::print_stderr, reason = "errors of a program go there")]
fn complain(error: &Failed) {
    eprintln!("error: {error}");
}
