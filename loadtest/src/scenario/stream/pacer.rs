//! Hands due times to tunnels in turn, for an open loop.

use std::iter;
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
        // When the last message that no tunnel could take was taken; the end of time once there was none.
        let mut free = 0;
        let mut last = None;
        let mut schedule = self.plan.share(worker.index, worker.of);
        worker.intend(schedule.clone(), self.start);
        while let Some(due) = schedule.next() {
            last = Some(due);
            let due = self.start + due;
            if due > worker.clock.now() {
                in_a_row = 0;
                let wait = alarm.wait(worker.clock.instant(due));
                let _ = worker.stop.run_until_cancelled(wait).await;
            } else {
                in_a_row += 1;
                if in_a_row % BURST == 0 {
                    tokio::task::yield_now().await;
                }
            }
            if worker.stop.is_cancelled() {
                worker.intend_no_more();
                let now = worker.clock.now();
                // What fell due until then has failed where no tunnel could take it; what has fallen due since, the
                // harness was late with.
                let rest = schedule.map(|due| self.start + due);
                let mut until = due;
                for due in iter::once(due).chain(rest).take_while(|due| *due <= now) {
                    until = due;
                    worker.offer(due, now.saturating_sub(due.max(free)));
                    if due <= free {
                        Self::never(worker, due);
                    }
                }
                let until = self.plan.offers_until(until.saturating_sub(self.start));
                worker.offered_until(now.min(self.start + until));
                return;
            }
            // What no tunnel could take is not the harness's lateness.
            let late = worker.clock.now().saturating_sub(due.max(free));
            worker.offer(due, late);
            if !self.hand(due) {
                if self.wait_for_one(worker, due).await {
                    free = worker.clock.now();
                } else {
                    Self::never(worker, due);
                    free = u64::MAX;
                }
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

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;
    use crate::measure::latency::Phase;
    use crate::run::worker::testing::{THOUSAND_A_SECOND, held_back, worker};

    #[tokio::test]
    async fn what_the_harness_was_late_with_when_it_was_stopped_is_no_failure() {
        const AWAY: Duration = Duration::from_millis(100);
        const ROOM: usize = 1000;
        // While the next one is waited for, and while those before it are caught up with.
        for handed in [0, 10] {
            let worker = worker(1);
            let (sender, due) = mpsc::channel(ROOM);
            let mut due = Dues::new(Arc::clone(&worker), due);
            let lane = Lane::new(sender.clone());
            lane.ready().store(true, Ordering::Relaxed);
            let stop = worker.stop.clone();
            tokio::spawn(async move {
                // Keeps the thread from everything else.
                std::thread::sleep(AWAY);
                while ROOM - sender.capacity() < handed {
                    tokio::task::yield_now().await;
                }
                stop.cancel();
            });
            let pacer = Pacer::new(vec![lane], THOUSAND_A_SECOND, 0);
            pacer.pace(&worker).await;
            let mut sent = 0;
            while due.next().await.is_some() {
                sent += 1;
            }
            drop(due);
            let tally = worker.shard.lock().clone();
            assert_eq!((tally.failed, tally.live.failed), (0, 0));
            // It is what was asked for, and the verdict hears of it.
            assert!(tally.offered >= 100, "{}", tally.offered);
            let lag = tally.latency[&Phase::Lag].max();
            assert!(lag >= nanoseconds(AWAY) * 9 / 10, "{lag}");
            assert!(sent < 50, "nothing more is handed out: {sent}");
        }
    }

    #[tokio::test]
    async fn what_no_tunnel_could_take_when_it_was_stopped_has_failed() {
        let worker = worker(1);
        let (sender, due) = mpsc::channel(1);
        let mut due = Dues::new(Arc::clone(&worker), due);
        let lane = Lane::new(sender);
        lane.ready().store(true, Ordering::Relaxed);
        let stopping = Arc::clone(&worker);
        tokio::spawn(async move {
            held_back(&stopping).await;
            sleep(Duration::from_millis(100)).await;
            stopping.stop.cancel();
        });
        let pacer = Pacer::new(vec![lane], THOUSAND_A_SECOND, 0);
        pacer.pace(&worker).await;
        assert!(due.next().await.is_some());
        assert!(due.next().await.is_none());
        let tally = worker.shard.lock().clone();
        assert!(tally.offered >= 100, "{}", tally.offered);
        assert_eq!(tally.failed, tally.offered - 1);
    }
}
