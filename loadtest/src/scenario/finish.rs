//! From laps to a verdict, a record, and files.

use std::collections::BTreeMap;
use std::slice::from_ref;
use std::time::SystemTime;

use hdrhistogram::Histogram;

use crate::args::gate::Figure;
use crate::args::{FileArgs, Gate, OutputArgs, settings};
use crate::measure::latency::Phase;
use crate::measure::tally::Tally;
use crate::number::float;
use crate::report::files::{self, FileError};
use crate::report::record::{
    Finding, GateResult, Latency, Outcome, Record, SCHEMA, Step, Totals, Verdict,
};
use crate::report::{html, table};
use crate::run::lap::{Lap, ServerCost};
use crate::run::session::{Session, SetupError};

/// Why a run gave no verdict.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    #[error(transparent)]
    Setup(#[from] SetupError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{0}")]
    Usage(String),
    #[error("cannot start a thread: {0}")]
    Thread(#[source] std::io::Error),
}

/// What a scenario hands over at its end.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) scenario: &'static str,
    /// What one operation is.
    pub(crate) operation: &'static str,
    /// The latency that gates and plots are about.
    pub(crate) headline: Phase,
    /// Operations a second that were asked for; none in a closed loop.
    pub(crate) offered_rate: Option<f64>,
    pub(crate) lap: Lap,
    pub(crate) steps: Vec<Step>,
    pub(crate) findings: Vec<Finding>,
    /// Why the scenario itself calls the run failed, as when no rate held.
    pub(crate) reasons: Vec<String>,
}

impl Finished {
    /// Judges, prints and writes. Returns the outcome.
    pub(crate) fn report(self, session: &Session, output: &OutputArgs) -> Result<Outcome, Failed> {
        let record = self.record(session, &output.fail_if);
        print_and_write(&record, session.begun, &output.files)?;
        Ok(record.verdict.outcome)
    }

    fn record(mut self, session: &Session, gates: &[Gate]) -> Record {
        if session.server_gone {
            let text = "a watched process of the service was gone at the end";
            self.reasons.push(text.to_owned());
        }
        let tally = &self.lap.tally;
        let totals = Totals::of(&self.lap, self.offered_rate);
        let latency: BTreeMap<_, _> = tally
            .latency
            .iter()
            .filter(|(_, histogram)| !histogram.is_empty())
            .map(|(phase, histogram)| (phase.label().to_owned(), Latency::of(histogram)))
            .collect();
        let faults: BTreeMap<_, _> = tally
            .faults
            .iter()
            .map(|(fault, count)| (fault.label().to_owned(), *count))
            .collect();
        let gates: Vec<_> = gates.iter().map(|gate| self.judge(gate, &totals)).collect();
        let failed = !self.reasons.is_empty() || gates.iter().any(|gate| gate.failed);
        let outcome = Outcome::of(&faults, totals.done, failed);
        Record {
            tool: concat!("hawser-loadtest ", env!("CARGO_PKG_VERSION")).to_owned(),
            schema: SCHEMA,
            scenario: self.scenario.to_owned(),
            command: command(),
            began: humantime::format_rfc3339_millis(session.begun).to_string(),
            runs: vec![format!("{:032x}", fastrand::u128(..))],
            seconds: float(session.clock.now()) / 1e9,
            interrupted: session.stop.is_cancelled(),
            machine: session.machine.clone(),
            target: format!("{}://{}", session.target.scheme, session.target.authority),
            operation: self.operation.to_owned(),
            headline: self.headline.label().to_owned(),
            settings: settings(std::env::args_os()),
            load: self.steps.is_empty().then(|| self.lap.load()),
            totals,
            latency,
            failures: failures(tally),
            causes: session.causes(),
            faults,
            server: self.lap.server,
            client: self.lap.own,
            steps: self.steps,
            findings: self.findings,
            verdict: Verdict {
                outcome,
                reasons: self.reasons,
                harness_limits: self.lap.limits,
                gates,
            },
            series: session.series.rows().to_vec(),
        }
    }

    fn judge(&self, gate: &Gate, totals: &Totals) -> GateResult {
        let headline = self.lap.headline(self.headline);
        let value = figure(gate.figure, headline, self.lap.server, totals).or_else(|| {
            let name = finding(gate.figure)?;
            self.findings.iter().find(|f| f.name == name)?.value
        });
        GateResult {
            gate: gate.to_string(),
            value,
            // A gate that cannot be judged must not pass unnoticed.
            failed: value.is_none_or(|value| gate.fails(value)),
        }
    }
}

/// Prints the table and writes the files.
pub(crate) fn print_and_write(
    record: &Record,
    begun: SystemTime,
    output: &FileArgs,
) -> Result<(), FileError> {
    let shown = if output.paths().any(|path| files::is_stdout(path)) {
        Ok(())
    } else {
        files::print(table::run(record))
    };
    let page = || html::page(from_ref(&record.scenario), from_ref(record));
    let written = [
        Some(shown),
        output.json.as_ref().map(|p| files::write_json(p, record)),
        output.html.as_ref().map(|p| files::write(p, page())),
        output
            .csv
            .as_ref()
            .map(|p| files::write_csv(p, &record.series)),
        output
            .hdr
            .as_ref()
            .map(|p| files::write_hdr(p, record, begun)),
    ];
    // One that cannot be written takes none of the others with it.
    written.into_iter().flatten().collect()
}

/// The command line, to be typed again in a shell, as far as it is text: a file's name need not be.
pub(crate) fn command() -> String {
    let words = std::env::args_os().skip(1);
    let words: Vec<_> = words.map(|w| quoted(&w.to_string_lossy())).collect();
    words.join(" ")
}

/// A word as a shell takes it: without quotes, `p99>50ms` would write a file.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:@,%+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// The figure that a gate looks at, if there is one: `headline` is empty-handed where nothing was
/// timed.
pub(crate) fn figure(
    figure: Figure,
    headline: Option<&Histogram<u64>>,
    server: Option<ServerCost>,
    totals: &Totals,
) -> Option<f64> {
    match figure {
        Figure::Latency(quantile) => {
            let value = headline?.value_at_quantile(quantile.fraction());
            Some(float(value) / 1e6)
        }
        Figure::Mean => Some(headline?.mean() / 1e6),
        Figure::Errors => Some(totals.error_share() * 100.0),
        Figure::Rate => Some(totals.done_rate),
        Figure::Achieved => Some(totals.achieved_share() * 100.0),
        Figure::Stalls => Some(float(totals.stalls)),
        Figure::CpuPerOp => {
            let each = server?.cpu_per_operation(totals.done)?;
            Some(each * 1e3)
        }
        Figure::Rss => server.map(|server| float(server.rss_after)),
        Figure::RssPerTunnel | Figure::RssSlope | Figure::FdsSlope => None,
    }
}

/// The finding that a gate looks at.
fn finding(figure: Figure) -> Option<&'static str> {
    match figure {
        Figure::RssPerTunnel => Some("rss_per_tunnel_bytes"),
        Figure::RssSlope => Some("rss_slope_bytes_per_hour"),
        Figure::FdsSlope => Some("fds_slope_per_hour"),
        _ => None,
    }
}

/// Failures by name and detail, such as `open_refused 503`.
pub(crate) fn failures(tally: &Tally) -> BTreeMap<String, u64> {
    let name = |((failure, detail), count): (&(crate::fault::Failure, u16), &u64)| {
        let name = match detail {
            0 => failure.label().to_owned(),
            detail => format!("{} {detail}", failure.label()),
        };
        (name, *count)
    };
    tally.failures.iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_a_shell_where_they_must_be() {
        assert_eq!(quoted("--rate=1.5"), "--rate=1.5");
        assert_eq!(quoted("p99>50ms"), "'p99>50ms'");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("it's"), "'it'\\''s'");
    }
}
