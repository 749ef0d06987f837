//! Stopping in good order: no new tunnels, time for those that exist, then the end of the rest.

use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};

use super::{DrainReport, Relay};
use crate::metrics::Moment;

impl Relay {
    pub(super) async fn drain(&self) -> DrainReport {
        let shared = &self.shared;
        let (drain_time, close_time) = (shared.config.drain_time, shared.config.limits.close_time);
        let deadline = SystemTime::now() + drain_time + close_time;
        let now = || Moment::now(&shared.metrics);
        shared.drain();
        shared.at_drain.get_or_init(now);
        shared.metrics.drain.begin(deadline);
        self.wait_until_empty(drain_time).await;
        shared.at_deadline.get_or_init(now);
        shared.cut.cancel();
        shared.pairing.clear();
        self.wait_until_empty(close_time).await;
        self.drained_so_far()
    }

    /// How a drain would have gone if the relay ended now.
    #[must_use]
    pub fn drained_so_far(&self) -> DrainReport {
        let now = Moment::now(&self.shared.metrics);
        let at_drain = self.shared.at_drain.get().unwrap_or(&now);
        // Behind it those that are cut leave one by one, and a client may come that was just being passed on.
        let at_deadline = self.shared.at_deadline.get().unwrap_or(&now);
        DrainReport {
            finished: at_deadline.ended.saturating_sub(at_drain.ended),
            cut: now.begun.saturating_sub(at_deadline.ended),
        }
    }

    async fn wait_until_empty(&self, most: Duration) {
        let deadline = Instant::now() + most;
        while self.tunnels() > 0 && Instant::now() < deadline {
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// With those that say goodbye, and clients for whom another instance is just being asked.
    fn tunnels(&self) -> u64 {
        let stats = self.stats();
        let hops = self.shared.metrics.peers.begun.get();
        stats.waiting + stats.paired + u64::try_from(hops).unwrap_or_default()
    }
}
