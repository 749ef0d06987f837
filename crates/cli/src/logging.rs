//! What the libraries log, on standard error.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Warnings by default: what the user has to know, the commands say themselves.
///
/// The WebSocket library logs tunnel ids at trace level, so its targets stay at `info` whatever is asked.
pub(crate) fn start() {
    let level = std::env::var("HAWSER_LOG")
        .ok()
        .and_then(|level| level.parse().ok())
        .unwrap_or(LevelFilter::WARN);
    let quiet = level.min(LevelFilter::INFO);
    let targets = Targets::new()
        .with_default(level)
        .with_target("tungstenite", quiet)
        .with_target("tokio_tungstenite", quiet);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(console::colors_enabled_stderr())
        .without_time();
    // Nobody else has set one: this is the first thing that the program does.
    tracing_subscriber::registry()
        .with(targets)
        .with(lines)
        .try_init()
        .ok();
}
