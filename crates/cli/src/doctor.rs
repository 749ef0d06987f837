//! `hawser doctor`: what would keep a sign-in from working on this computer.
//!
//! | module | what it examines |
//! |---|---|
//! | [`bluetooth`] | D-Bus, BlueZ, the adapter, and the simulated radio |
//! | [`service`] | DNS, TLS and the answers of a tunnel service |

mod bluetooth;
mod service;

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::Args;
use hawser_wire::TunnelDomain;
use serde::Serialize;
use serde_json::json;

use crate::ending::{Ending, FAILED, Failure};
use crate::output;
use crate::paper::Mark;
use crate::runtime;
use crate::screen::{Reader, Screen};
use crate::tunnel_service::TunnelService;
use service::Security;

/// Find out what would keep a sign-in from working on this computer.
///
/// Examines the clock, Bluetooth, the simulated radio and, when one is named, a tunnel service: its name, its certificate, and a message
/// through it and back. The exit code is 0 when nothing is wrong.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Examine the tunnel service of this domain; see `hawser domain`.
    #[arg(long, value_name = "N")]
    domain_id: Option<u16>,
    /// Leave Bluetooth out, on a computer that needs none.
    #[arg(long)]
    no_bluetooth: bool,
    /// Tell everything on standard error, and print one JSON object on standard output at the end.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: TunnelService,
}

/// What one look found out.
#[derive(Debug, Serialize)]
struct Finding {
    /// What was looked at.
    name: &'static str,
    verdict: Verdict,
    /// What is the matter, and what to do about it.
    words: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    /// Works.
    Good,
    /// Works in part, or does not matter to everybody.
    Fair,
    /// Does not work.
    Bad,
    /// Was not looked at.
    Skipped,
}

impl Doctor {
    pub(crate) fn run(self) -> Ending {
        let domain = TunnelDomain::from_id(self.domain_id.unwrap_or(ANY_DERIVED))
            .map_err(|error| Failure::malformed(&error).about("--domain-id"))?;
        let dialer = self.service.dialer()?;
        let reader = if self.json {
            Reader::Program
        } else {
            Reader::Person
        };
        let mut report = Report {
            screen: Screen::open(reader),
            findings: Vec::new(),
        };
        runtime::run(async {
            report.add(clock(SystemTime::now()));
            if self.no_bluetooth {
                report.add(Finding::skipped("Bluetooth", "left out by --no-bluetooth"));
            } else {
                report.screen.waiting("asking for the Bluetooth adapter");
                report.add(bluetooth::adapter().await);
            }
            report.add(bluetooth::simulated_radio().await);
            if self.domain_id.is_none() && !self.service.stands_for_every_domain() {
                let words = "none was named: use --domain-id N, or --tunnel-service URL";
                report.add(Finding::skipped("tunnel service", words));
                return;
            }
            if self.service.is_looked_up() {
                report.screen.waiting("looking up the tunnel service");
                report.add(service::name(domain).await);
            }
            report.screen.waiting("opening a tunnel");
            let security = if self.service.is_plaintext() {
                Security::Plaintext
            } else {
                Security::Tls
            };
            match service::open(&dialer, domain, security).await {
                Ok((phone, finding)) => {
                    report.add(finding);
                    report
                        .screen
                        .waiting("sending a message through the tunnel and back");
                    report.add(service::round_trip(&dialer, domain, phone).await);
                }
                Err(finding) => report.add(finding),
            }
        })?;
        report.close(self.json)
    }
}

struct Report {
    screen: Screen,
    findings: Vec<Finding>,
}

impl Report {
    fn add(&mut self, finding: Finding) {
        let paper = self.screen.paper();
        self.screen.still();
        let line = match finding.verdict {
            Verdict::Good => paper.finding(Mark::Good, finding.name, &finding.words),
            Verdict::Bad => paper.finding(Mark::Bad, finding.name, &finding.words),
            Verdict::Fair | Verdict::Skipped => {
                paper.finding(Mark::Step, finding.name, &finding.words)
            }
        };
        self.screen.say(&line);
        self.findings.push(finding);
    }

    fn close(self, json: bool) -> Ending {
        let bad = self.count(Verdict::Bad);
        let paper = self.screen.paper();
        let verdict = match bad {
            0 => paper.verdict(Mark::Good, "Nothing is wrong."),
            1 => paper.verdict(Mark::Bad, "One thing is wrong."),
            bad => paper.verdict(Mark::Bad, &format!("{bad} things are wrong.")),
        };
        self.screen.say(&format!("\n{verdict}"));
        if json {
            let report = json!({"ok": bad == 0, "checks": self.findings});
            output::print_line(&report.to_string())?;
        }
        Ok(if bad == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(FAILED)
        })
    }

    fn count(&self, verdict: Verdict) -> usize {
        let findings = self.findings.iter();
        findings
            .filter(|finding| finding.verdict == verdict)
            .count()
    }
}

impl Finding {
    fn good(name: &'static str, words: impl Into<String>) -> Self {
        Self::new(name, Verdict::Good, words)
    }

    fn fair(name: &'static str, words: impl Into<String>) -> Self {
        Self::new(name, Verdict::Fair, words)
    }

    fn bad(name: &'static str, words: impl Into<String>) -> Self {
        Self::new(name, Verdict::Bad, words)
    }

    fn skipped(name: &'static str, words: impl Into<String>) -> Self {
        Self::new(name, Verdict::Skipped, words)
    }

    fn new(name: &'static str, verdict: Verdict, words: impl Into<String>) -> Self {
        Self {
            name,
            verdict,
            words: words.into(),
        }
    }
}

/// A clock that is wrong by years makes every certificate invalid. Smaller faults show at the certificate itself.
fn clock(now: SystemTime) -> Finding {
    const NAME: &str = "clock";
    let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH);
    let years = since_epoch.unwrap_or_default().as_secs() / YEAR.as_secs();
    match now.duration_since(SystemTime::UNIX_EPOCH + MADE) {
        Ok(age) if age < YEAR * 30 => Finding::good(NAME, "it can be right"),
        _ => Finding::bad(
            NAME,
            format!(
                "it says a time in the year {}: set it, or no certificate will be valid",
                1970 + years
            ),
        ),
    }
}

/// This program is not older: 1 November 2026.
const MADE: Duration = Duration::from_hours(498_192);
const YEAR: Duration = Duration::from_secs(31_556_952);

/// The number of the domain where the service is named by URL, so that nobody looks it up.
const ANY_DERIVED: u16 = 0xF980;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_lost_their_battery_are_found() {
        let at = |since_epoch| clock(SystemTime::UNIX_EPOCH + since_epoch);
        assert_eq!(at(MADE).verdict, Verdict::Good);
        assert_eq!(at(MADE + YEAR * 20).verdict, Verdict::Good);
        let reset = at(Duration::from_hours(24));
        assert_eq!(reset.verdict, Verdict::Bad);
        assert!(reset.words.contains("the year 1970"), "{}", reset.words);
        assert!(at(MADE + YEAR * 30).words.contains("the year 2056"));
    }
}
