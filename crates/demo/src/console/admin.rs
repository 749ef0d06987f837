//! What an administrator does at the command line, on the records themselves.
//!
//! Whoever may write the file is an administrator: this works while the console runs, and also when
//! nobody can sign in to it.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::SystemTime;

use webauthn_rs::prelude::Url;

use super::clock::DemoClock;
use crate::relying_party::policy::{CohortSize, Mode, Population, Requirement};
use crate::relying_party::refusal::Refusal;
use crate::relying_party::site::{Actor, Overview};
use crate::relying_party::{Options, RP_ID, RelyingParty, SetupError, StorePlace};

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// Tell the policy, its cohorts and every user.
    Status,
    /// Change the mode of a population.
    SetMode(Population, Mode),
    /// Change the length of the grace period, in days.
    SetGrace(u32),
    /// Bring the next users under the policy.
    RollOut(CohortSize),
    /// Turn the kill switch on.
    Suspend,
    /// Turn the kill switch off.
    Resume,
    /// Delete all devices of a user who lost them.
    Reset(String),
    /// Tell the latest entries of the audit trail, oldest first.
    Audit {
        /// Only what this user did and what was done to them.
        user: Option<String>,
        /// How many at most.
        most: usize,
    },
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdminError {
    /// The records cannot be opened.
    #[error("the records cannot be used")]
    Setup(#[from] SetupError),
    /// The demo's clock, which is kept beside the records, cannot be read.
    #[error("the demo's clock cannot be read")]
    Clock(#[source] std::io::Error),
    /// There is no such file; it is not made, because it would be an empty site.
    #[error("there is no console at {}: start one with --store", .0.display())]
    Missing(PathBuf),
    /// The site refuses.
    #[error("{0}")]
    Refused(String),
}

/// Does it on the records in a file, and returns what to print.
///
/// # Errors
/// See [`AdminError`].
pub async fn run(file: PathBuf, command: Command) -> Result<String, AdminError> {
    if !file.exists() {
        return Err(AdminError::Missing(file));
    }
    // No ceremony is run, so the port of the origin does not matter.
    let origin = Url::parse(&format!("http://{RP_ID}"));
    let origin = origin.map_err(|error| AdminError::Refused(error.to_string()))?;
    let store = StorePlace::File(file);
    let clock = DemoClock::of(&store).map_err(AdminError::Clock)?.clock();
    let party = RelyingParty::open(Options {
        origin,
        store,
        clock,
    })?;
    execute(&party, command).await
}

/// Does it on a site that is open, and returns what to print.
///
/// # Errors
/// [`AdminError::Refused`].
pub async fn execute(party: &RelyingParty, command: Command) -> Result<String, AdminError> {
    let site = party.site();
    let actor = Actor::CommandLine;
    let done = match command {
        Command::Status => {
            let overview = site.overview(actor).await;
            overview.map(|overview| status(&overview, site.now()))
        }
        Command::SetMode(population, mode) => {
            let set = site.set_mode(actor, population, mode).await;
            set.map(|()| format!("{}: {mode}\n", population.title()))
        }
        Command::SetGrace(days) => {
            let set = site.set_grace(actor, days).await;
            set.map(|()| format!("Grace period: {days} days\n"))
        }
        Command::RollOut(cohort) => {
            let added = site.add_cohort(actor, cohort).await;
            added.map(|count| format!("Under the policy now: {}\n", CohortSize::Users(count)))
        }
        Command::Suspend => {
            let done = site.suspend(actor).await;
            done.map(|()| "Enforcement is suspended: nobody is asked to register.\n".into())
        }
        Command::Resume => {
            let done = site.resume(actor).await;
            done.map(|()| "Enforcement runs.\n".into())
        }
        Command::Reset(user) => {
            let reset = site.reset_mfa(actor, &user).await;
            reset.map(|devices| {
                let plural = if devices == 1 { "" } else { "s" };
                format!("{user}: {devices} passkey{plural} deleted, sessions ended\n")
            })
        }
        Command::Audit { user, most } => audit(party, user, most).await,
    };
    done.map_err(|refusal| {
        refusal.log();
        AdminError::Refused(refusal.to_string())
    })
}

async fn audit(party: &RelyingParty, user: Option<String>, most: usize) -> Result<String, Refusal> {
    let site = party.site();
    let entries = site.audit_trail(Actor::CommandLine, user, most).await?;
    let mut told = String::new();
    for entry in entries.iter().rev() {
        let time = time::OffsetDateTime::from(entry.at);
        let time = time.format(time::macros::format_description!(
            "[year]-[month]-[day]T[hour]:[minute]:[second]Z"
        ));
        let actor = if entry.actor.is_empty() {
            "-"
        } else {
            &entry.actor
        };
        let subject = if entry.subject.is_empty() {
            "-"
        } else {
            &entry.subject
        };
        // Writing to a string cannot fail.
        writeln!(
            told,
            "{} {actor} {} {subject} {}",
            time.unwrap_or_default(),
            entry.event,
            entry.detail,
        )
        .ok();
    }
    Ok(told)
}

fn status(overview: &Overview, now: SystemTime) -> String {
    let mut told = String::new();
    let mut tell = |line: String| {
        told.push_str(&line);
        told.push('\n');
    };
    match overview.policy.suspended_since {
        Some(_) => tell("Enforcement is SUSPENDED by the kill switch.".into()),
        None => tell("Enforcement runs.".into()),
    }
    for population in Population::ALL {
        let mode = overview.policy.mode(population);
        tell(format!("  {:<32} {mode}", population.title()));
    }
    let days = overview.policy.grace.as_secs() / SECONDS_A_DAY;
    tell(format!("  {:<32} {days} days", "Grace period"));
    tell(format!("Cohorts: {}", overview.cohorts.len()));
    for person in &overview.people {
        let cohort = person
            .user
            .cohort
            .map_or("-".into(), |cohort| cohort.to_string());
        let next = match person.requirement {
            _ if person.devices > 0 => "signs in with a passkey".to_owned(),
            Requirement::Nothing => "is asked for nothing".to_owned(),
            Requirement::Advised => "is shown a message".to_owned(),
            Requirement::Due(deadline) => {
                let left = deadline.duration_since(now).unwrap_or_default();
                let days = left.as_secs().div_ceil(SECONDS_A_DAY);
                format!("has {days} days left")
            }
            Requirement::Mandatory => "must register".to_owned(),
        };
        tell(format!(
            "  {:<16} cohort {cohort:<3} passkeys {} {next}",
            person.user.name, person.devices
        ));
    }
    told
}

const SECONDS_A_DAY: u64 = 24 * 60 * 60;
