//! What each scenario may be told beyond the common words.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::pause::PauseArgs;
use super::{BoundArgs, FileArgs, Gate, LoadArgs, OutputArgs, Size, Steps, TargetArgs, rate, time};
use crate::measure::schedule::Spread;

/// The messages of a sign-in as the record layer makes them (padded to 32 bytes, plus a tag of 16):
/// handshake, handshake, what the phone can do, request, answer, shutdown.
const SIGN_IN: &str = "l81,p81,p336,l496,p1104,l48";

/// Of sign-ins, and of a soak, which is many of them.
#[derive(Debug, Args)]
pub(crate) struct SignInsArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) load: LoadArgs,
    /// The messages in order: l or p for the sender, then the bytes.
    #[arg(long, value_name = "LIST", default_value = SIGN_IN)]
    pub(crate) messages: Steps,
    #[command(flatten)]
    pub(crate) think: PauseArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

/// What an idle tunnel waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum State {
    /// A phone alone, for a laptop.
    Waiting,
    /// Both ends are there.
    Paired,
}

#[derive(Debug, Args)]
pub(crate) struct IdleArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// Tunnels to hold.
    #[arg(long, value_name = "N", default_value = "1000", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) tunnels: u32,
    /// Whether a laptop joins each.
    #[arg(long, value_enum, default_value_t = State::Paired)]
    pub(crate) state: State,
    /// Tunnels opened in a second.
    #[arg(long, value_name = "N", default_value = "1000", value_parser = rate)]
    pub(crate) rate: f64,
    /// How long they are held once all are open.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time)]
    pub(crate) hold: Duration,
    #[command(flatten)]
    pub(crate) bounds: BoundArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct StreamArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// Tunnels to send through.
    #[arg(long, value_name = "N", default_value = "100", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) tunnels: u32,
    /// Bytes of a message.
    #[arg(long, value_name = "BYTES", default_value = "1000")]
    pub(crate) size: Size,
    /// Messages a second over all tunnels (an open loop), each timed from when it was due. Without
    /// it, as many as the service takes.
    #[arg(long, value_name = "N", value_parser = rate, conflicts_with_all = ["window", "ping_pong"])]
    pub(crate) rate: Option<f64>,
    /// How arrivals are spread, with --rate.
    #[arg(long, value_enum, default_value_t = Spread::Constant)]
    pub(crate) arrival: Spread,
    /// Messages under way in each direction, without --rate.
    #[arg(long, value_name = "N", default_value = "4", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) window: u32,
    /// One message under way, sent to and fro.
    #[arg(long, conflicts_with = "window")]
    pub(crate) ping_pong: bool,
    /// Replace a tunnel after so many messages in a direction, 0 for never. Services cap what one
    /// tunnel may carry, often at 255.
    #[arg(long, value_name = "N", default_value = "250")]
    pub(crate) messages_per_tunnel: u32,
    /// Time before measuring begins.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = time)]
    pub(crate) warm_up: Duration,
    /// Time that is measured.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time)]
    pub(crate) duration: Duration,
    /// Stop after so many messages.
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<u64>,
    #[command(flatten)]
    pub(crate) bounds: BoundArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ChurnArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// Whether a laptop joins before the tunnel is closed.
    #[arg(long, value_enum, default_value_t = State::Paired)]
    pub(crate) state: State,
    #[command(flatten)]
    pub(crate) load: LoadArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CapacityArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// The first rate, in sign-ins a second.
    #[arg(long, value_name = "N", default_value = "100", value_parser = rate)]
    pub(crate) from: f64,
    /// The highest rate to try.
    #[arg(long, value_name = "N", default_value = "20000", value_parser = rate)]
    pub(crate) to: f64,
    /// Each rate is so many times the one before, until one fails.
    #[arg(long, value_name = "FACTOR", default_value = "1.5", value_parser = factor)]
    pub(crate) grow: f64,
    /// Halvings of the distance between the last rate that held and the first that did not.
    #[arg(long, value_name = "N", default_value = "4", value_parser = clap::value_parser!(u32).range(0..=16))]
    pub(crate) bisect: u32,
    /// A rate has failed when this is true; repeat it for more. By default 'p99>100ms',
    /// 'errors>0.1%' and 'achieved<97%'.
    #[arg(long, value_name = "GATE")]
    pub(crate) limit: Vec<Gate>,
    /// Time for each rate.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    pub(crate) step: Duration,
    /// Time at each rate before measuring begins.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = time)]
    pub(crate) warm_up: Duration,
    /// Rest between rates.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = time)]
    pub(crate) rest: Duration,
    /// How arrivals are spread.
    #[arg(long, value_enum, default_value_t = Spread::Poisson)]
    pub(crate) arrival: Spread,
    /// The messages in order: l or p for the sender, then the bytes.
    #[arg(long, value_name = "LIST", default_value = SIGN_IN)]
    pub(crate) messages: Steps,
    #[command(flatten)]
    pub(crate) bounds: BoundArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

fn factor(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(factor) if (1.05..=10.0).contains(&factor) => Ok(factor),
        _ => Err("not a number from 1.05 to 10".to_owned()),
    }
}

/// A way to misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Attack {
    /// Requests that arrive a byte at a time.
    Slowloris,
    /// Connections that never say anything.
    HalfOpen,
    /// Phones that open tunnels as fast as they can and stay.
    OpenFlood,
    /// Tunnels that carry messages as fast as they can, whose readers read nothing.
    MessageFlood,
    /// Bytes that are no HTTP, and frames that are no frames.
    Garbage,
}

#[derive(Debug, Args)]
pub(crate) struct HostileArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// Attacks, one after another; by default all.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "LIST")]
    pub(crate) attacks: Vec<Attack>,
    /// Connections that an attacker keeps up.
    #[arg(long, value_name = "N", default_value = "500", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) attackers: u32,
    /// Addresses of 127.2.0.0/16 that attackers come from, when the target is on IPv4 loopback.
    #[arg(long, value_name = "N", default_value = "10", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) attacker_sources: u16,
    /// Honest sign-ins a second.
    #[arg(long, value_name = "N", default_value = "50", value_parser = rate)]
    pub(crate) rate: f64,
    /// Time for each attack, and for the honest traffic alone before and after.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    pub(crate) step: Duration,
    /// The messages in order: l or p for the sender, then the bytes.
    #[arg(long, value_name = "LIST", default_value = SIGN_IN)]
    pub(crate) messages: Steps,
    #[command(flatten)]
    pub(crate) bounds: BoundArgs,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct MergeArgs {
    /// Files written with --json, of the same load at the same time.
    #[arg(required = true, num_args = 2.., value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// As that of a run, on the sums; the gates of the single runs are not carried over.
    #[arg(long, value_name = "GATE")]
    pub(crate) fail_if: Vec<Gate>,
    #[command(flatten)]
    pub(crate) output: FileArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// Files written with --json; the first is what the others are compared with.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Write the comparison as a page that opens in a browser, without a network.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}
