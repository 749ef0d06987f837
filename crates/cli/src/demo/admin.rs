//! What an administrator of the console does at the command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use hawser_demo::console::admin;
use hawser_demo::relying_party::policy::{CohortSize, Mode, Population};

use crate::ending::{Ending, Failure};
use crate::{output, runtime};

/// Administer a console: its MFA policy, the roll-out, resets, and the audit trail.
///
/// Works on the file that `hawser demo --web --store FILE` was given, also while that runs.
#[derive(Debug, Args)]
pub(super) struct Admin {
    /// The console's file.
    #[arg(long, value_name = "FILE")]
    store: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the policy, its cohorts, and every user.
    Status,
    /// Change how much is asked of a population: off, notify, grace or enforced.
    Mode {
        /// management-root, member-root or users.
        population: Population,
        /// off, notify, grace or enforced.
        mode: Mode,
    },
    /// Change the length of the grace period.
    Grace {
        /// 1 to 365.
        days: u32,
    },
    /// Bring the next users under the policy, the most powerful first.
    RollOut {
        /// A number of users (25) or a percentage of all (10%).
        size: CohortSize,
    },
    /// Turn the kill switch on: nobody is asked to register. Whoever has a passkey still needs it.
    Suspend,
    /// Turn the kill switch off. Grace periods stood still meanwhile.
    Resume,
    /// Delete all passkeys of a user who lost them, and end their sessions.
    Reset {
        /// The user name.
        user: String,
    },
    /// Show the latest entries of the audit trail, oldest first.
    Audit {
        /// Only what this user did and what was done to them.
        #[arg(long)]
        user: Option<String>,
        /// How many entries at most.
        #[arg(long, default_value_t = 50)]
        most: usize,
    },
}

impl Admin {
    pub(super) fn run(self) -> Ending {
        let done = admin::run(self.store, self.command.into());
        let told = runtime::run(done)?;
        let told = told.map_err(|error| Failure::failed(&error))?;
        output::print(&told)?;
        Ok(ExitCode::SUCCESS)
    }
}

impl From<Command> for admin::Command {
    fn from(command: Command) -> Self {
        match command {
            Command::Status => Self::Status,
            Command::Mode { population, mode } => Self::SetMode(population, mode),
            Command::Grace { days } => Self::SetGrace(days),
            Command::RollOut { size } => Self::RollOut(size),
            Command::Suspend => Self::Suspend,
            Command::Resume => Self::Resume,
            Command::Reset { user } => Self::Reset(user),
            Command::Audit { user, most } => Self::Audit { user, most },
        }
    }
}
