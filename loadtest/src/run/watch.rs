//! What is read from the system and the threads while they drive, as rows of the time series.

use std::sync::Arc;

use crate::measure::clock::Clock;
use crate::measure::tally::Tally;
use crate::number::float;
use crate::report::series::Sample;
use crate::run::lap::ServerCost;
use crate::run::worker::Worker;
use crate::watch::own::OwnTime;
use crate::watch::process::Usage;
use crate::watch::server::Server;

/// Everything that is read from the system at one moment.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    pub(super) at: u64,
    pub(super) server: Option<Usage>,
    pub(super) own: OwnTime,
}

impl Snapshot {
    /// At the beginning of a lap, before anything has run.
    pub(super) fn first(server: Option<Usage>) -> Self {
        Self {
            at: 0,
            server,
            own: OwnTime::default(),
        }
    }

    pub(super) async fn take(server: &Server, workers: &[Arc<Worker>], clock: Clock) -> Self {
        Self {
            server: server.usage().await,
            own: OwnTime::of(workers),
            at: clock.now(),
        }
    }
}

/// Turns running counts into rows of the time series.
pub(super) struct Watch<'a> {
    workers: &'a [Arc<Worker>],
    /// When the lap began, in seconds of the session.
    begun_at: f64,
    last: Snapshot,
    pub(super) counts: Tally,
}

impl<'a> Watch<'a> {
    /// From a first snapshot on; the lap began at `begun_at`, in seconds of the session.
    pub(super) fn new(workers: &'a [Arc<Worker>], first: Snapshot, begun_at: f64) -> Self {
        Self {
            workers,
            begun_at,
            last: first,
            counts: Tally::default(),
        }
    }

    /// The row from the last snapshot to this one.
    pub(super) fn sample(&mut self, now: Snapshot, measured: bool) -> Sample {
        let mut counts = Tally::default();
        for worker in self.workers {
            let mut tally = worker.shard.lock();
            let recent = tally.recent.take();
            let mut part = tally.counts();
            drop(tally);
            if let Some(intended) = worker.intended_by(now.at) {
                part.live.offered = intended;
            }
            part.recent = recent;
            counts.add(&part);
        }
        let seconds = float(now.at.saturating_sub(self.last.at)) / 1e9;
        let own = now.own.since(&self.last.own, now.at - self.last.at);
        let mut sample = Sample::between(&self.counts, &counts, seconds);
        sample.at = self.begun_at + float(now.at) / 1e9;
        sample.measured = measured;
        sample.client_busy = own.busy;
        sample.client_waiting = own.waiting;
        if let (Some(before), Some(after)) = (self.last.server, now.server) {
            let cost = ServerCost::between(before, after, seconds);
            sample.server_cores = Some(cost.busy_cores);
            sample.server_rss = Some(after.rss);
            sample.server_fds = Some(after.fds);
        }
        counts.recent = None;
        self.counts = counts;
        self.last = now;
        sample
    }

    /// All counts with their histograms.
    pub(super) fn total(&self) -> Tally {
        let mut total = Tally::default();
        for worker in self.workers {
            total.add(&worker.shard.lock());
        }
        total
    }
}
