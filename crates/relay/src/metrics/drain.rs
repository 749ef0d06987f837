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

/// What a drain is measured by, at one moment: tunnels, and clients that are passed on to those of other
/// instances.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// How many there have been since the start.
    pub(crate) begun: u64,
    /// How many of them have ended. One that says goodbye has.
    pub(crate) ended: u64,
}

impl Moment {
    pub(crate) fn now(metrics: &Metrics) -> Self {
        // First: what ends meanwhile has begun in any case.
        let ended = metrics.closed() + metrics.peers.ended();
        Self {
            begun: metrics.opened.get() + metrics.peers.joined(),
            ended,
        }
    }
}
