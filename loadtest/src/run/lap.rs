//! One stretch of load, and what came of it.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::measure::latency::Phase;
use crate::measure::tally::Tally;
use crate::number::{float, ratio};
use crate::watch::own::OwnShares;
use crate::watch::process::Usage;

/// What the service used in a lap's window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ServerCost {
    pub(crate) cpu_seconds: f64,
    /// Cores that it kept busy.
    pub(crate) busy_cores: f64,
    pub(crate) rss_before: u64,
    pub(crate) rss_after: u64,
    pub(crate) fds_before: u64,
    pub(crate) fds_after: u64,
}

impl ServerCost {
    pub(crate) fn between(before: Usage, after: Usage, seconds: f64) -> Self {
        let cpu_seconds = float(after.cpu.saturating_sub(before.cpu)) / 1e9;
        Self {
            cpu_seconds,
            busy_cores: ratio(cpu_seconds, seconds),
            rss_before: before.rss,
            rss_after: after.rss,
            fds_before: before.fds,
            fds_after: after.fds,
        }
    }

    /// Milliseconds of CPU time for each of so many operations; `None` when the service's clock has
    /// not moved, as that of a metrics page that counts whole seconds may not.
    pub(crate) fn cpu_per_operation(&self, operations: u64) -> Option<f64> {
        let each = ratio(self.cpu_seconds * 1e3, float(operations));
        (each > 0.0).then_some(each)
    }
}

/// When measured load was offered, in seconds since the run began: tunnels that must be open before take
/// each run as long as they take.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Load {
    pub(crate) from: f64,
    /// What still finished afterwards is no load.
    pub(crate) until: f64,
}

/// What came of a stretch of load.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lap {
    pub(crate) tally: Tally,
    /// When its window began, in seconds since the run did.
    pub(crate) from: f64,
    /// Length of the window, in seconds: until the last operation or the window's end.
    pub(crate) seconds: f64,
    /// Until the last operation fell due, in seconds.
    pub(crate) offered_seconds: f64,
    pub(crate) server: Option<ServerCost>,
    pub(crate) own: OwnShares,
    /// Why the harness was the limit.
    pub(crate) limits: Vec<String>,
}

impl Lap {
    /// The latencies that its figures are about, if there are any.
    pub(crate) fn headline(&self, phase: Phase) -> Option<&Histogram<u64>> {
        self.tally.latency.get(&phase).filter(|h| !h.is_empty())
    }

    pub(crate) fn load(&self) -> Load {
        Load {
            from: self.from,
            until: self.from + self.offered_seconds,
        }
    }

    /// Operations that succeeded, in a second.
    pub(crate) fn rate(&self) -> f64 {
        ratio(float(self.tally.done), self.seconds)
    }
}
