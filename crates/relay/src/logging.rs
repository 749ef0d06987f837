//! Logs, written by a thread of their own.
//!
//! A reader of the log that has stopped (a full pipe, a terminal that is held) must not stop the
//! relay with it. So lines go through a bounded queue, and those that do not fit are dropped and
//! counted.

use std::io;
use std::panic::PanicHookInfo;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntCounter, Registry};
use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};

use crate::config::{LogFormat, LogLevel};

/// Lines that may wait for a slow reader: about 200 KB.
const QUEUE: usize = 2048;

/// Time that what waits is written for at the end. The writer gives up by itself a little earlier.
const LAST_LINES_TIME: Duration = Duration::from_millis(1500);

/// Writes what waits when it is dropped, for a second and a half at most.
#[derive(Debug)]
pub struct Logs {
    dropped: ErrorCounter,
    writer: Option<WorkerGuard>,
}

impl Logs {
    /// Writes logs of the whole process to standard error from now on, panics too. Once a process.
    #[must_use]
    pub fn start(format: LogFormat, level: LogLevel) -> Self {
        let (writer, guard) = NonBlockingBuilder::default()
            .lossy(true)
            .buffered_lines_limit(QUEUE)
            .thread_name("log")
            .finish(io::stderr());
        let dropped = writer.error_counter();
        let lines = tracing_subscriber::fmt()
            .with_writer(writer)
            .with_ansi(false)
            .with_target(false)
            .with_max_level(LevelFilter::from(level));
        match format {
            LogFormat::Pretty => lines.init(),
            LogFormat::Json => lines.json().flatten_event(true).init(),
        }
        std::panic::set_hook(Box::new(log_panic));
        Self {
            dropped,
            writer: Some(guard),
        }
    }

    /// Makes the number of dropped lines part of a registry.
    ///
    /// # Errors
    /// When the registry has a metric of this name.
    pub fn register_metrics(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        registry.register(Box::new(DroppedLines::new(self.dropped.clone())?))
    }
}

impl Drop for Logs {
    /// On a thread that nobody waits for when it is stuck: a writer whose queue is full says so on
    /// standard output, which mostly has the same reader.
    fn drop(&mut self) {
        let writer = self.writer.take();
        let (ended, end) = mpsc::channel();
        let ending = thread::Builder::new().name("log end".into());
        let ending = ending.spawn(move || {
            drop(writer);
            // Nobody listens when it took too long.
            let _ = ended.send(());
        });
        if ending.is_ok() {
            let _ = end.recv_timeout(LAST_LINES_TIME);
        }
    }
}

/// The writer's own count, read when somebody asks.
struct DroppedLines {
    count: ErrorCounter,
    shown: IntCounter,
}

impl DroppedLines {
    fn new(count: ErrorCounter) -> Result<Self, prometheus::Error> {
        Ok(Self {
            count,
            shown: IntCounter::new(
                "hawser_relay_log_lines_dropped_total",
                "Log lines that were dropped because nobody read them in time.",
            )?,
        })
    }
}

impl Collector for DroppedLines {
    fn desc(&self) -> Vec<&Desc> {
        self.shown.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let count = u64::try_from(self.count.dropped_lines()).unwrap_or(u64::MAX);
        self.shown.inc_by(count.saturating_sub(self.shown.get()));
        self.shown.collect()
    }
}

/// Says where, and the fixed part of why: a text that is made at run time could hold what a client
/// sent.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic
        .location()
        .map(ToString::to_string)
        .unwrap_or_default();
    let why = panic.payload().downcast_ref::<&'static str>().copied();
    tracing::error!(place, why, "a fault of the relay itself: please report it");
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Trace => Self::TRACE,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::panic::{catch_unwind, set_hook, take_hook};
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn each_level_is_the_one_of_its_name() {
        for name in ["error", "warn", "info", "debug", "trace"] {
            let level: LogLevel = name.parse().unwrap();
            assert_eq!(LevelFilter::from(level).to_string(), name);
        }
    }

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_panic_is_told_with_its_place_and_without_what_a_client_may_have_sent() {
        let paper = Paper::default();
        let writer = paper.clone();
        let lines = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .finish();
        let others = take_hook();
        tracing::subscriber::with_default(lines, || {
            set_hook(Box::new(log_panic));
            let sent = String::from("what a client sent");
            catch_unwind(|| panic!("a fixed text")).unwrap_err();
            catch_unwind(move || panic!("not {sent}")).unwrap_err();
        });
        set_hook(others);
        let log = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<_> = log.lines().collect();
        assert_eq!(lines.len(), 2, "{log}");
        for line in &lines {
            assert!(line.contains("ERROR") && line.contains("src/logging.rs:"));
        }
        assert!(lines[0].contains("a fixed text"), "{log}");
        assert!(!log.contains("what a client sent"), "{log}");
    }
}
