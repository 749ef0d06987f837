//! What is shown of a drain.

use std::time::SystemTime;

use prometheus::IntGauge;

use super::{Metrics, seconds_since_1970};

/// Whether there is a drain, and until when.
#[derive(Debug, Clone)]
pub(crate) struct DrainMetrics {
    pub(super) draining: IntGauge,
    pub(super) deadline: IntGauge,
}

impl DrainMetrics {
    /// # Errors
    /// Only when a name is malformed, which a test excludes.
    pub(super) fn new() -> Result<Self, prometheus::Error> {
        Ok(Self {
            draining: IntGauge::new(
                "hawser_relay_draining",
                "1 while the relay takes no new tunnels.",
            )?,
            deadline: IntGauge::new(
                "hawser_relay_drain_deadline_timestamp_seconds",
                "When a drain has to be over, in seconds since 1970; 0 while there is none.",
            )?,
        })
    }

    /// A drain has begun, which has to be over then.
    pub(crate) fn begin(&self, deadline: SystemTime) {
        self.deadline.set(seconds_since_1970(deadline));
        self.draining.set(1);
    }
}

/// What there is when a drain begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AtDrain {
    pub(crate) tunnels: u64,
    /// Clients whose tunnel is at another instance.
    pub(crate) hops: u64,
    /// How many of those there have been.
    pub(crate) hops_joined: u64,
}

impl AtDrain {
    pub(crate) fn now(metrics: &Metrics) -> Self {
        let stats = metrics.stats();
        Self {
            tunnels: stats.waiting + stats.paired,
            hops: stats.hops,
            hops_joined: metrics.peers.joined(),
        }
    }
}
