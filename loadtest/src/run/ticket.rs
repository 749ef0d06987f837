//! One operation, from when it was due to its end. Every ticket is counted exactly once, also when
//! its task is dropped.

use std::sync::Arc;

use crate::fault::{Failure, Trouble};
use crate::measure::latency::Phase;
use crate::run::worker::Worker;

/// The right to do one operation.
#[derive(Debug)]
pub(crate) struct Ticket {
    worker: Arc<Worker>,
    due: u64,
    began: u64,
    is_measured: bool,
    is_over: bool,
    in_a: Loop,
    /// What it has waited for people, in nanoseconds.
    paused: u64,
    /// Since when it does so.
    pausing: Option<u64>,
}

/// What says when operations begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loop {
    /// A plan.
    Open,
    /// The end of the one before: so people set the pace, too.
    Closed,
}

impl Ticket {
    /// An operation that begins now, `late` nanoseconds of which are the harness's own lateness.
    pub(crate) fn begin(worker: &Arc<Worker>, due: u64, late: u64) -> Self {
        Self::new(worker, due, late, Loop::Open)
    }

    /// An operation of a closed loop, due now because the one before is over.
    pub(crate) fn next(worker: &Arc<Worker>) -> Self {
        Self::new(worker, worker.clock.now(), 0, Loop::Closed)
    }

    fn new(worker: &Arc<Worker>, due: u64, late: u64, in_a: Loop) -> Self {
        let began = worker.clock.now().max(due);
        let is_measured = worker.is_measured(due);
        let mut tally = worker.shard.lock();
        tally.live.in_flight += 1;
        tally.live.offered += 1;
        if is_measured {
            tally.offered += 1;
            tally.started += 1;
            tally.last_due = tally.last_due.max(due);
            tally.record(Phase::Lag, late);
        }
        drop(tally);
        Self {
            worker: Arc::clone(worker),
            due,
            began,
            is_measured,
            is_over: false,
            in_a,
            paused: 0,
            pausing: None,
        }
    }

    /// Counts an operation that fell due and never began, because the service had no room for it.
    pub(crate) fn never(worker: &Worker, due: u64) {
        let age = worker.clock.now().saturating_sub(due);
        let mut tally = worker.shard.lock();
        tally.live.offered += 1;
        tally.live.failed += 1;
        if worker.is_measured(due) {
            tally.offered += 1;
            tally.last_due = tally.last_due.max(due);
            tally.failed += 1;
            tally.failure(Failure::Unfinished, 0);
            tally.record_headline(Phase::Operation, age);
        }
    }

    pub(crate) fn worker(&self) -> &Arc<Worker> {
        &self.worker
    }

    pub(crate) fn began(&self) -> u64 {
        self.began
    }

    /// Records how long a part of it took.
    pub(crate) fn record(&self, phase: Phase, nanoseconds: u64) {
        if self.is_measured {
            self.worker.shard.lock().record(phase, nanoseconds);
        }
    }

    /// Somebody is waited for: this time is in none of its latencies.
    pub(crate) fn pause(&mut self) {
        self.pausing = Some(self.worker.clock.now());
    }

    /// The pause is over. Returns how long it was, in nanoseconds.
    pub(crate) fn resume(&mut self) -> u64 {
        let now = self.worker.clock.now();
        let took = self
            .pausing
            .take()
            .map_or(0, |since| now.saturating_sub(since));
        self.paused += took;
        took
    }

    /// What it has waited for people so far, in nanoseconds.
    pub(crate) fn paused(&self) -> u64 {
        self.paused
    }

    /// It succeeded at a moment, or failed. Returns whether it succeeded.
    pub(crate) fn end(mut self, outcome: Result<u64, Trouble>) -> bool {
        match outcome {
            Ok(at) => self.done(at),
            Err(trouble) => self.fail(trouble),
        }
        outcome.is_ok()
    }

    /// Latencies are without the pauses. So is the rate of an open loop: a service that
    /// keeps up has done all that it could when the last operation fell due, whatever people took.
    fn done(&mut self, at: u64) {
        self.is_over = true;
        let ended = at;
        let at = at.saturating_sub(self.paused);
        let mut tally = self.worker.shard.lock();
        tally.live.end(true);
        if self.is_measured {
            tally.done += 1;
            tally.last_done = tally.last_done.max(match self.in_a {
                Loop::Open => at,
                Loop::Closed => ended,
            });
            tally.record_headline(Phase::Operation, at.saturating_sub(self.due));
            tally.record(Phase::Service, at.saturating_sub(self.began));
        }
    }

    /// A service that broke its word is counted even while warming up.
    fn fail(&mut self, trouble: Trouble) {
        self.is_over = true;
        self.resume();
        let now = self.worker.clock.now().saturating_sub(self.paused);
        let mut tally = self.worker.shard.lock();
        tally.live.end(false);
        if self.is_measured {
            tally.failed += 1;
        }
        if self.is_measured || matches!(trouble, Trouble::Fault(_)) {
            tally.trouble(trouble);
        }
        // What took too long must not vanish from the percentiles by failing. What failed at once
        // must not improve them.
        let took_too_long = matches!(
            trouble,
            Trouble::Failure(
                Failure::Timeout | Failure::ConnectTimeout | Failure::Unfinished,
                _
            )
        );
        if self.is_measured && took_too_long {
            tally.record_headline(Phase::Operation, now.saturating_sub(self.due));
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.is_over {
            self.fail(Failure::Unfinished.into());
        }
    }
}
