//! The story of a phone that approves a sign-in on a laptop, told in the terminal.

use std::process::ExitCode;

use clap::Args;
use hawser_demo::story::{self, Approval, Pace, StageTime, StoryOptions, StoryReport};
use serde::Serialize;

use super::narrator::Narration;
use crate::ending::{Ending, FAILED, Failure};
use crate::output;
use crate::runtime;
use crate::screen::Reader;
use crate::signal::Signals;

/// How the story goes and how it is told.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// The phone declines. The exit code is 1.
    #[arg(long)]
    refuse: bool,
    /// Pause after each stage, to read along.
    #[arg(long)]
    slow: bool,
    /// Tell the story on standard error, and print one JSON object on standard output at its end.
    #[arg(long)]
    json: bool,
}

/// What is printed when the story broke off: the fields of [`StoryReport`], as far as they are known.
#[derive(Serialize)]
struct BrokenOff<'a> {
    registered: bool,
    signed_in: bool,
    relay_messages: Option<u64>,
    elapsed_ms: u64,
    stages: &'a [StageTime],
    error: &'a str,
}

impl Flags {
    pub(super) fn run(&self) -> Ending {
        let options = StoryOptions {
            approval: if self.refuse {
                Approval::Declines
            } else {
                Approval::Approves
            },
            pace: if self.slow { Pace::SLOW } else { Pace::FAST },
        };
        let mut narration = Narration::begin(if self.json {
            Reader::Program
        } else {
            Reader::Person
        });
        let told = runtime::run(async {
            let mut signals = Signals::listen();
            tokio::select! {
                told = story::run(options, &mut narration) => Ok(told),
                signal = signals.next() => Err(signal),
            }
        })?;
        match told {
            Err(signal) => {
                narration.break_off();
                self.report_error(&narration, signal.words())?;
                Ok(signal.code())
            }
            Ok(Ok(report)) => {
                narration.sum_up(&report);
                if self.json {
                    print_json(&report)?;
                }
                Ok(code(&report))
            }
            Ok(Err(error)) => {
                narration.break_off();
                let failure = Failure::failed(&error);
                self.report_error(&narration, failure.words())?;
                Err(failure)
            }
        }
    }

    fn report_error(&self, narration: &Narration, error: &str) -> Result<(), Failure> {
        if !self.json {
            return Ok(());
        }
        let stages = narration.stages();
        print_json(&BrokenOff {
            registered: narration.registered(),
            signed_in: false,
            relay_messages: None,
            elapsed_ms: stages.last().map_or(0, |stage| stage.ms),
            stages,
            error,
        })
    }
}

fn code(report: &StoryReport) -> ExitCode {
    if report.registered && report.signed_in {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(FAILED)
    }
}

fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let json = serde_json::to_string(value).map_err(|error| Failure::failed(&error))?;
    output::print_line(&json)
}
