//! Stopping in good order: no new tunnels, time for those that exist, then the end of the rest.

use std::time::{Duration, SystemTime};

use hawser_wire::CloseReason;
use tokio::time::{Instant, sleep};

use super::{DrainReport, Relay};
use crate::metrics::AtDrain;

impl Relay {
    pub(super) async fn drain(&self) -> DrainReport {
        let shared = &self.shared;
        let (drain_time, close_time) = (shared.config.drain_time, shared.config.limits.close_time);
        let deadline = SystemTime::now() + drain_time + close_time;
        shared.drain();
        let at_start = *shared
            .at_drain
            .get_or_init(|| AtDrain::now(&shared.metrics));
        shared.metrics.drain.begin(deadline);
        self.wait_until_empty(drain_time).await;
        let hops_cut = *shared.hops_cut.get_or_init(|| self.stats().hops);
        shared.cut.cancel();
        shared.pairing.clear();
        self.wait_until_empty(close_time).await;
        // A tunnel that was saying goodbye already at the deadline has finished.
        let tunnels_cut = shared.metrics.closed(CloseReason::Draining);
        self.report(at_start, tunnels_cut, hops_cut)
    }

    /// How a drain would have gone if the relay ended now.
    #[must_use]
    pub fn drained_so_far(&self) -> DrainReport {
        let shared = &self.shared;
        let now = AtDrain::now(&shared.metrics);
        let at_start = shared.at_drain.get().copied().unwrap_or(now);
        // Behind the deadline those that were cut leave one by one.
        let tunnels_cut = shared.metrics.closed(CloseReason::Draining);
        let hops_cut = shared.hops_cut.get().copied().unwrap_or_default();
        self.report(
            at_start,
            tunnels_cut.max(now.tunnels),
            hops_cut.max(now.hops),
        )
    }

    fn report(&self, at_start: AtDrain, tunnels_cut: u64, hops_cut: u64) -> DrainReport {
        // There are no new tunnels here, but new laptops may have been passed on.
        let hops_since = self.shared.metrics.peers.joined() - at_start.hops_joined;
        let hops = at_start.hops + hops_since;
        DrainReport {
            finished: at_start.tunnels.saturating_sub(tunnels_cut) + hops.saturating_sub(hops_cut),
            cut: tunnels_cut + hops_cut,
        }
    }

    async fn wait_until_empty(&self, most: Duration) {
        let deadline = Instant::now() + most;
        while self.tunnels() > 0 && Instant::now() < deadline {
            sleep(Duration::from_millis(20)).await;
        }
    }

    fn tunnels(&self) -> u64 {
        let stats = self.stats();
        stats.waiting + stats.paired + stats.hops
    }
}
