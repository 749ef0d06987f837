//! What the libraries log, on standard error.

use std::env::{self, VarError};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::ending::Failure;

/// Warnings by default: what the user has to know, the commands say themselves.
///
/// The WebSocket library logs tunnel ids at trace level, so its targets stay at `info` whatever is asked.
///
/// # Errors
/// `HAWSER_LOG` says something else than a level.
pub(crate) fn start() -> Result<(), Failure> {
    let level = match env::var(VARIABLE) {
        Ok(level) => level_of(&level)?,
        Err(VarError::NotPresent) => LevelFilter::WARN,
        Err(VarError::NotUnicode(level)) => return Err(no_level(&level.to_string_lossy())),
    };
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
    Ok(())
}

/// The names only: `tracing` takes numbers too, whose meaning nobody remembers. Empty is as good as unset.
fn level_of(text: &str) -> Result<LevelFilter, Failure> {
    if text.is_empty() {
        return Ok(LevelFilter::WARN);
    }
    let is_name = text.chars().all(|letter| letter.is_ascii_alphabetic());
    let level = text.parse().ok().filter(|_| is_name);
    level.ok_or_else(|| no_level(text))
}

fn no_level(text: &str) -> Failure {
    let words = format!("{text:?} is no level: use off, error, warn, info, debug or trace");
    Failure::wrong(&words).about(VARIABLE)
}

const VARIABLE: &str = "HAWSER_LOG";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_names() {
        for (text, level) in [
            ("", LevelFilter::WARN),
            ("off", LevelFilter::OFF),
            ("error", LevelFilter::ERROR),
            ("warn", LevelFilter::WARN),
            ("info", LevelFilter::INFO),
            ("DEBUG", LevelFilter::DEBUG),
            ("trace", LevelFilter::TRACE),
        ] {
            assert_eq!(level_of(text).unwrap(), level, "{text}");
        }
        for text in ["loud", "3", " info", "hawser=debug", "\u{1b}[2K"] {
            let failure = level_of(text).unwrap_err();
            assert!(failure.words().starts_with("HAWSER_LOG: "), "{text}");
            assert!(!failure.words().contains('\u{1b}'));
        }
    }
}
