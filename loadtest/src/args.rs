//! The command line: the same words for every scenario where they fit.

pub(crate) mod gate;
mod pause;
mod scenario;
mod settings;
mod size;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

pub(crate) use self::gate::Gate;
pub(crate) use self::pause::{Moment, Pauses};
pub(crate) use self::scenario::{
    Attack, CapacityArgs, ChurnArgs, HostileArgs, IdleArgs, MergeArgs, ReportArgs, SignInsArgs,
    State, StreamArgs,
};
pub(crate) use self::settings::settings;
pub(crate) use self::size::{Size, Step, Steps};
use crate::measure::schedule::{Plan, Spread};

/// Drives a FIDO hybrid (caBLE) tunnel service: what it can hold, what it costs, whether it is
/// correct.
///
/// Exit codes: 0 passed; 1 a --fail-if gate failed, or nothing succeeded; 2 usage; 3 the service
/// lost, changed or mixed up messages, or broke the protocol.
#[derive(Debug, Parser)]
#[command(name = "hawser-loadtest", version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) scenario: Scenario,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Scenario {
    /// Whole sign-ins: open, join, the six messages at their real sizes, close.
    SignIns(SignInsArgs),
    /// Many tunnels that do nothing: what one costs, and whether it lives.
    Idle(IdleArgs),
    /// Messages through open tunnels: what one costs, and how long it takes.
    Stream(StreamArgs),
    /// Tunnels that are opened and closed at once.
    Churn(ChurnArgs),
    /// Raises the rate of sign-ins until a limit is passed, and prints the knee.
    Capacity(CapacityArgs),
    /// Attacks the service beside honest sign-ins, and measures the harm to them.
    Hostile(HostileArgs),
    /// A constant rate for a long time: does memory or the number of files grow?
    Soak(SignInsArgs),
    /// Adds up the --json files of runs that several machines made at the same time.
    Merge(MergeArgs),
    /// Reads the --json files of runs, and compares them side by side.
    Report(ReportArgs),
}

/// Where the load goes and comes from.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Target")]
pub(crate) struct TargetArgs {
    /// The service, such as `ws://127.0.0.1:8080` or `wss://cable.example.org`.
    #[arg(long, value_name = "URL")]
    pub(crate) url: String,
    /// Dial this instead of the URL's host; repeat it to spread tunnels over instances.
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) connect: Vec<String>,
    /// The name for TLS and the Host field; by default the URL's.
    #[arg(long, value_name = "NAME")]
    pub(crate) server_name: Option<String>,
    /// Trust the CA certificates in this PEM file and no others.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// A laptop goes to the --connect address after its phone's: tests instances that pass
    /// laptops on.
    #[arg(long)]
    pub(crate) laptop_elsewhere: bool,
    /// Come from so many addresses of 127.1.0.0/16. By default 1000 when the target is on IPv4
    /// loopback and all of that is this machine, as on Linux: clients are many, and quotas are for each.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=60_000))]
    pub(crate) sources: Option<u16>,
    /// Come from this address; repeat it for more.
    #[arg(long, value_name = "IP", conflicts_with = "sources")]
    pub(crate) source: Vec<IpAddr>,
    /// Reset connections once both ends have said goodbye, so that the kernel's table of
    /// connections does not fill up.
    #[arg(long)]
    pub(crate) reset: bool,
    /// Allow a target that is not on this machine. It must be yours.
    #[arg(long)]
    pub(crate) target_is_mine: bool,
    /// Time for a connection and the answer to its request.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    pub(crate) connect_timeout: Duration,
    /// Threads that drive; by default half of the cores.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: Option<u16>,
}

/// How operations arrive.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Load")]
pub(crate) struct LoadArgs {
    /// Operations a second, begun whether or not earlier ones are done (an open loop).
    #[arg(long, value_name = "N", default_value = "100", value_parser = rate)]
    pub(crate) rate: f64,
    /// How arrivals are spread.
    #[arg(long, value_enum, default_value_t = Spread::Constant)]
    pub(crate) arrival: Spread,
    /// A closed loop instead: so many at once, each beginning when another is done. Such latencies
    /// hide stalls; for comparison only.
    #[arg(long, value_name = "N", conflicts_with = "rate", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) closed: Option<u32>,
    /// Time in which the rate grows from nothing.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = time)]
    pub(crate) ramp: Duration,
    /// Time at the full rate before measuring begins.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = time)]
    pub(crate) warm_up: Duration,
    /// Time that is measured.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time)]
    pub(crate) duration: Duration,
    /// Stop after so many operations.
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<u64>,
    #[command(flatten)]
    pub(crate) bounds: BoundArgs,
}

/// What bounds an operation and a run.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Bounds")]
pub(crate) struct BoundArgs {
    /// Operations under way at most; more wait, and their wait is charged to them.
    #[arg(long, value_name = "N", default_value = "8000", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) max_in_flight: u32,
    /// Time for an operation once it has begun.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    pub(crate) timeout: Duration,
    /// Time for both ends to be closed after a goodbye.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = time)]
    pub(crate) close_timeout: Duration,
    /// Time that operations get to finish when nothing more is due.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    pub(crate) drain: Duration,
    /// Messages that take longer are counted as stalled.
    #[arg(long, value_name = "TIME", default_value = "150ms", value_parser = time)]
    pub(crate) stall: Duration,
    /// Close codes that a goodbye with 1000 may become; `none` allows a missing close frame.
    #[arg(long, value_name = "CODES", default_value = "1000", value_delimiter = ',', value_parser = close_code)]
    pub(crate) close_codes: Vec<Option<u16>>,
}

/// What is reported, where, and what fails the run.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    #[command(flatten)]
    pub(crate) files: FileArgs,
    /// Fail the run (exit code 1) when this is true at the end, such as 'p99>50ms' or
    /// 'errors>0.1%'; repeat it for more. Names: p50 p90 p95 p99 p99.9 p99.99 max mean errors rate
    /// achieved stalls cpu-per-op rss rss-per-tunnel rss-slope fds-slope.
    #[arg(long, value_name = "GATE")]
    pub(crate) fail_if: Vec<Gate>,
    /// Read CPU time, memory and files of the service's process from /proc; repeat it for more
    /// processes.
    #[arg(long, value_name = "PID")]
    pub(crate) server_pid: Vec<i32>,
    /// Read them from the service's Prometheus page instead (http only).
    #[arg(long, value_name = "URL", conflicts_with = "server_pid")]
    pub(crate) server_metrics: Option<String>,
    /// Time between the rows of the time series.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = time)]
    pub(crate) interval: Duration,
    /// Show no progress.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// Files to write.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct FileArgs {
    /// Write everything as JSON; `report` reads it. Here and below, `-` is standard output, and then
    /// there is no table.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write a report that opens in a browser, without a network.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Write an `HdrHistogram` interval log of every latency.
    #[arg(long, value_name = "FILE")]
    pub(crate) hdr: Option<PathBuf>,
    /// Write the time series.
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
}

impl FileArgs {
    /// Every file that is to be written.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        let files = [&self.json, &self.html, &self.hdr, &self.csv];
        files.into_iter().flatten()
    }
}

impl LoadArgs {
    /// Operations a second that are asked for; a closed loop asks for none.
    pub(crate) fn offered_rate(&self) -> Option<f64> {
        self.closed.is_none().then_some(self.rate)
    }

    pub(crate) fn plan(&self) -> Plan {
        Plan {
            rate: self.rate,
            spread: self.arrival,
            ramp: self.ramp,
            warm_up: self.warm_up,
            duration: self.duration,
            count: self.count,
        }
    }
}

/// The longest time that an option takes: a week.
pub(crate) const TIME_MAX: Duration = Duration::from_hours(7 * 24);

/// The highest rate that an option takes: far beyond what one machine can drive.
const RATE_MAX: f64 = 1_000_000.0;

fn time(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text)
        .map_err(|e| format!("{e}; write a number with its unit, such as 500ms, 30s or 2h"))?;
    if time > TIME_MAX {
        return Err("longer than 7 days".to_owned());
    }
    Ok(time)
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate <= RATE_MAX => Ok(rate),
        _ => Err(format!("not a number above 0 and up to {RATE_MAX}")),
    }
}

fn close_code(text: &str) -> Result<Option<u16>, String> {
    match text {
        "none" => Ok(None),
        code => match code.parse() {
            Ok(code @ 1000..=4999) => Ok(Some(code)),
            _ => Err("not a close code from 1000 to 4999, or `none`".to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn limits_hold_at_their_ends() {
        assert!(time("7d").is_ok());
        assert!(time("7d 1ns").is_err());
        assert!(time("30").is_err(), "a bare number has no unit");
        assert!(rate("1000000").is_ok());
        assert!(rate("1000001").is_err());
        assert!(rate("0").is_err());
        assert!(rate("NaN").is_err());
        assert_eq!(close_code("none"), Ok(None));
        assert!(close_code("999").is_err());
    }
}
