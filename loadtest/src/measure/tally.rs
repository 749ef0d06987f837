//! What one worker has counted so far.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hdrhistogram::Histogram;

use crate::fault::{Failure, Fault, Trouble};
use crate::measure::latency::{Phase, histogram};

/// Operations of the whole run, measured or not: what the time series and the progress line show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Live {
    /// Begun; the time series shows what fell due instead, where the harness sets the pace.
    pub(crate) offered: u64,
    pub(crate) done: u64,
    pub(crate) failed: u64,
    pub(crate) messages: u64,
    pub(crate) in_flight: u64,
}

impl Live {
    /// One operation has ended.
    pub(crate) fn end(&mut self, succeeded: bool) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.done += u64::from(succeeded);
        self.failed += u64::from(!succeeded);
    }
}

/// Counts of the measured part of a run, but for [`Live`] and the faults, which count always.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub(crate) live: Live,
    /// Operations that fell due.
    pub(crate) offered: u64,
    /// Operations that began.
    pub(crate) started: u64,
    /// Operations that succeeded.
    pub(crate) done: u64,
    /// Operations that failed.
    pub(crate) failed: u64,
    /// Messages that arrived as they should.
    pub(crate) messages: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// Messages that took longer than the stall limit.
    pub(crate) stalls: u64,
    /// Pings of the service that were answered.
    pub(crate) pings: u64,
    /// When the last operation succeeded, in nanoseconds of the clock.
    pub(crate) last_done: u64,
    /// When the last operation fell due, or until when more would have, in nanoseconds of the clock.
    pub(crate) last_due: u64,
    /// Starts that had to wait because too much was under way.
    pub(crate) held_back: u64,
    pub(crate) faults: BTreeMap<Fault, u64>,
    pub(crate) failures: BTreeMap<(Failure, u16), u64>,
    pub(crate) latency: BTreeMap<Phase, Histogram<u64>>,
    /// Operations that succeeded since the last sample, and their latencies.
    pub(crate) recent: Option<Histogram<u64>>,
}

impl Tally {
    pub(crate) fn record(&mut self, phase: Phase, nanoseconds: u64) {
        let histogram = self.latency.entry(phase).or_insert_with(histogram);
        histogram.saturating_record(nanoseconds.max(1));
    }

    /// Records a latency that the time series shows too.
    pub(crate) fn record_headline(&mut self, phase: Phase, nanoseconds: u64) {
        self.record(phase, nanoseconds);
        let recent = self.recent.get_or_insert_with(histogram);
        recent.saturating_record(nanoseconds.max(1));
    }

    pub(crate) fn fault(&mut self, fault: Fault) {
        self.faults_of(fault, 1);
    }

    pub(crate) fn faults_of(&mut self, fault: Fault, count: u64) {
        if count > 0 {
            *self.faults.entry(fault).or_default() += count;
        }
    }

    pub(crate) fn failure(&mut self, failure: Failure, detail: u16) {
        *self.failures.entry((failure, detail)).or_default() += 1;
    }

    pub(crate) fn trouble(&mut self, trouble: Trouble) {
        match trouble {
            Trouble::Fault(fault) => self.fault(fault),
            Trouble::Failure(failure, detail) => self.failure(failure, detail),
            Trouble::Spoiled => {}
        }
    }

    /// Adds another worker's counts.
    pub(crate) fn add(&mut self, other: &Self) {
        self.offered += other.offered;
        self.started += other.started;
        self.live.offered += other.live.offered;
        self.live.done += other.live.done;
        self.live.failed += other.live.failed;
        self.live.messages += other.live.messages;
        self.live.in_flight += other.live.in_flight;
        self.done += other.done;
        self.failed += other.failed;
        self.messages += other.messages;
        self.bytes += other.bytes;
        self.stalls += other.stalls;
        self.pings += other.pings;
        self.held_back += other.held_back;
        self.last_done = self.last_done.max(other.last_done);
        self.last_due = self.last_due.max(other.last_due);
        for (fault, count) in &other.faults {
            *self.faults.entry(*fault).or_default() += count;
        }
        for (failure, count) in &other.failures {
            *self.failures.entry(*failure).or_default() += count;
        }
        for (phase, theirs) in &other.latency {
            merge(self.latency.entry(*phase).or_insert_with(histogram), theirs);
        }
        if let Some(theirs) = &other.recent {
            merge(self.recent.get_or_insert_with(histogram), theirs);
        }
    }

    /// The counts without the histograms, which are large.
    pub(crate) fn counts(&self) -> Self {
        Self {
            faults: self.faults.clone(),
            failures: self.failures.clone(),
            latency: BTreeMap::new(),
            recent: None,
            ..*self
        }
    }

    pub(crate) fn fault_count(&self) -> u64 {
        self.faults.values().sum()
    }
}

fn merge(into: &mut Histogram<u64>, from: &Histogram<u64>) {
    // Both have the same bounds, so everything fits.
    let _ = into.add(from);
}

/// A worker's tally, which the sampler reads now and then.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shard(Arc<Mutex<Tally>>);

impl Shard {
    /// Nothing waits while it holds the tally, so workers never wait long.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Tally> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
