//! Hands due times to tunnels in turn, for an open loop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::time::sleep;

use crate::fault::Failure;
use crate::measure::alarm::Alarm;
use crate::measure::clock::nanoseconds;
use crate::measure::latency::Phase;
use crate::measure::schedule::Plan;
use crate::run::worker::Worker;

/// Due messages between turns of other tasks, when catching up.
const BURST: u32 = 16;

/// Between looks for a tunnel when none can take a message.
const RETRY: Duration = Duration::from_millis(1);

/// The way to one tunnel.
#[derive(Debug)]
pub(super) struct Lane {
    due: Sender<u64>,
    ready: Arc<AtomicBool>,
}

impl Lane {
    pub(super) fn new(due: Sender<u64>) -> Self {
        Self {
            due,
            ready: Arc::default(),
        }
    }

    /// Whether its tunnel takes messages; false while it is being replaced.
    pub(super) fn ready(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.ready)
    }
}

/// A tunnel's end of its lane. What was handed out and not sent must not vanish: it failed.
#[derive(Debug)]
pub(super) struct Dues {
    worker: Arc<Worker>,
    due: Receiver<u64>,
}

impl Dues {
    pub(super) fn new(worker: Arc<Worker>, due: Receiver<u64>) -> Self {
        Self { worker, due }
    }

    /// The next one; `None` when no more comes.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub(super) async fn next(&mut self) -> Option<u64> {
        self.due.recv().await
    }

    /// Whether no more comes.
    pub(super) fn is_over(&self) -> bool {
        self.due.is_closed() && self.due.is_empty()
    }
}

impl Drop for Dues {
    fn drop(&mut self) {
        self.due.close();
        while let Ok(due) = self.due.try_recv() {
            Pacer::never(&self.worker, due);
        }
    }
}

/// Hands out due times.
#[derive(Debug)]
pub(super) struct Pacer {
    lanes: Vec<Lane>,
    plan: Plan,
    /// When the plan's time begins, in nanoseconds of the clock.
    start: u64,
    next: usize,
}

impl Pacer {
    pub(super) fn new(lanes: Vec<Lane>, plan: Plan, start: u64) -> Self {
        Self {
            lanes,
            plan,
            start,
            next: 0,
        }
    }

    /// Paces until the plan's end. Dropping the lanes tells the tunnels that no more comes.
    pub(super) async fn pace(mut self, worker: &Worker) {
        let Ok(mut alarm) = Alarm::new() else {
            worker.shard.lock().failure(Failure::NoFiles, 0);
            return;
        };
        let mut in_a_row = 0;
        // When the last message that no tunnel could take was taken.
        let mut free = 0;
        let mut last = None;
        let schedule = self.plan.share(worker.index, worker.of);
        worker.intend(schedule.clone(), self.start);
        for due in schedule {
            last = Some(due);
            let due = self.start + due;
            if due > worker.clock.now() {
                in_a_row = 0;
                let wait = alarm.wait(worker.clock.instant(due));
                if worker.stop.run_until_cancelled(wait).await.is_none() {
                    worker.intend_no_more();
                    worker.offered_until(worker.clock.now());
                    return;
                }
            } else {
                in_a_row += 1;
                if in_a_row % BURST == 0 {
                    tokio::task::yield_now().await;
                }
            }
            {
                // What no tunnel could take is not the harness's lateness.
                let late = worker.clock.now().saturating_sub(due.max(free));
                let mut tally = worker.shard.lock();
                tally.live.offered += 1;
                if worker.is_measured(due) {
                    tally.offered += 1;
                    tally.last_due = tally.last_due.max(due);
                    tally.record(Phase::Lag, late);
                }
            }
            if !self.hand(due) {
                if !self.wait_for_one(worker, due).await {
                    Self::never(worker, due);
                }
                free = worker.clock.now();
            }
        }
        if let Some(last) = last {
            worker.offered_until(self.start + self.plan.offers_until(last));
        }
    }

    /// Counts a message that fell due and was never sent, at its age.
    fn never(worker: &Worker, due: u64) {
        let age = worker.clock.now().saturating_sub(due);
        let mut tally = worker.shard.lock();
        tally.live.failed += 1;
        if worker.is_measured(due) {
            tally.failed += 1;
            tally.failure(Failure::Unfinished, 0);
            tally.record_headline(Phase::Message, age);
        }
    }

    /// Keeps a message until a tunnel can take it; its wait is charged to it.
    async fn wait_for_one(&mut self, worker: &Worker, due: u64) -> bool {
        if worker.is_measured(due) {
            worker.shard.lock().held_back += 1;
        }
        let deadline = self.start + self.plan.end() + nanoseconds(worker.bounds.drain);
        while worker.clock.now() < deadline && !worker.stop.is_cancelled() {
            sleep(RETRY).await;
            if self.hand(due) {
                return true;
            }
        }
        false
    }

    /// Gives a message to the next tunnel that can take it.
    fn hand(&mut self, due: u64) -> bool {
        for _ in 0..self.lanes.len() {
            self.next += 1;
            if self.next >= self.lanes.len() {
                self.next = 0;
            }
            let Some(lane) = self.lanes.get(self.next) else {
                return false;
            };
            if lane.ready.load(Ordering::Relaxed) {
                match lane.due.try_send(due) {
                    Ok(()) => return true,
                    Err(TrySendError::Full(_) | TrySendError::Closed(_)) => {}
                }
            }
        }
        false
    }
}
