//! Open and closed loops of operations.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use crate::measure::alarm::Alarm;
use crate::measure::clock::nanoseconds;
use crate::measure::schedule::Plan;
use crate::run::ticket::Ticket;
use crate::run::worker::Worker;

/// Starts in a row before other tasks get a turn, when catching up.
const BURST: u32 = 8;

/// Pause of a closed loop after a failure, so that a service that refuses is not hammered.
const FAILURE_PAUSE: Duration = Duration::from_millis(10);

/// Time for operations under way after Ctrl-C.
const STOP_DRAIN: Duration = Duration::from_secs(2);

/// How operations follow each other.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// When they are due.
    Open(Plan),
    /// So many at once, until the plan's end.
    Closed(Plan, u32),
}

impl Pace {
    pub(crate) fn plan(&self) -> &Plan {
        match self {
            Self::Open(plan) | Self::Closed(plan, _) => plan,
        }
    }
}

/// Does operations at a pace until the plan's end, then lets those under way finish.
pub(crate) async fn keep<F, Fut>(worker: &Arc<Worker>, pace: Pace, operation: F)
where
    F: Fn(Ticket) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = bool> + Send + 'static,
{
    match pace {
        Pace::Open(plan) => open(worker, plan, operation).await,
        Pace::Closed(plan, at_once) => closed(worker, plan, at_once, operation).await,
    }
}

async fn open<F, Fut>(worker: &Arc<Worker>, plan: Plan, operation: F)
where
    F: Fn(Ticket) -> Fut,
    Fut: Future<Output = bool> + Send + 'static,
{
    let room = Arc::new(Semaphore::new(worker.share(worker.bounds.max_in_flight)));
    let deadline = worker
        .clock
        .instant(plan.end() + nanoseconds(worker.bounds.drain));
    let deadline = Instant::from_std(deadline);
    let Ok(mut alarm) = Alarm::new() else {
        worker
            .shard
            .lock()
            .failure(crate::fault::Failure::NoFiles, 0);
        return;
    };
    let mut tasks = JoinSet::new();
    let mut in_a_row = 0;
    // When there was room again for the last one that had to wait for it; the end of time once there was none.
    let mut free = 0;
    let mut last = None;
    // The one whose turn it was when the run was stopped.
    let mut next = None;
    let mut schedule = plan.share(worker.index, worker.of);
    worker.intend(schedule.clone(), 0);
    for due in schedule.by_ref() {
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
            next = Some(due);
            break;
        }
        last = Some(due);
        while tasks.try_join_next().is_some() {}
        // Waiting for room is the service's doing; only what comes before is the harness's.
        let late = worker.clock.now().saturating_sub(due.max(free));
        let held_back = room.available_permits() == 0;
        let Some(permit) = permit(worker, &room, due, deadline).await else {
            Ticket::never(worker, due);
            free = u64::MAX;
            continue;
        };
        if held_back {
            free = worker.clock.now();
        }
        let work = operation(Ticket::begin(worker, due, late));
        tasks.spawn(async move {
            work.await;
            drop(permit);
        });
    }
    if worker.stop.is_cancelled() {
        let now = worker.clock.now();
        worker.intend_no_more();
        // What fell due until then must not vanish. It has failed where there was no room for it, which is the
        // service's doing; what has fallen due since, the harness was late with.
        let rest = next.into_iter().chain(schedule);
        for due in rest.take_while(|due| *due <= now) {
            last = Some(due);
            if due <= free {
                Ticket::never(worker, due);
            } else {
                worker.offer(due, now - due);
            }
        }
        worker.offered_until(now.min(plan.offers_until(last.unwrap_or(now))));
    } else if let Some(last) = last {
        worker.offered_until(plan.offers_until(last));
    }
    drain(worker, tasks, deadline).await;
}

/// A place among those under way, unless the run ends first.
async fn permit(
    worker: &Worker,
    room: &Arc<Semaphore>,
    due: u64,
    deadline: Instant,
) -> Option<OwnedSemaphorePermit> {
    if let Ok(permit) = Arc::clone(room).try_acquire_owned() {
        return Some(permit);
    }
    if worker.is_measured(due) {
        worker.shard.lock().held_back += 1;
    }
    let wait = timeout_at(deadline, Arc::clone(room).acquire_owned());
    let permit = worker.stop.run_until_cancelled(wait).await?;
    permit.ok()?.ok()
}

/// Waits for tasks under way; those that are left at the deadline, or a little after Ctrl-C, are
/// dropped, and what they did is counted so.
pub(crate) async fn drain(worker: &Worker, mut tasks: JoinSet<()>, deadline: Instant) {
    let finished = async { while tasks.join_next().await.is_some() {} };
    let stopped = async {
        worker.stop.cancelled().await;
        sleep(STOP_DRAIN).await;
    };
    tokio::select! {
        () = finished => {}
        () = sleep_until(deadline) => {}
        () = stopped => {}
    }
    tasks.shutdown().await;
}

async fn closed<F, Fut>(worker: &Arc<Worker>, plan: Plan, at_once: u32, operation: F)
where
    F: Fn(Ticket) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = bool> + Send + 'static,
{
    let left = plan.count.map_or(u64::MAX, |count| worker.part(count));
    let left = Arc::new(AtomicU64::new(left));
    let mut tasks = JoinSet::new();
    for _ in 0..worker.part(u64::from(at_once)) {
        let (worker, left, operation) = (Arc::clone(worker), Arc::clone(&left), operation.clone());
        tasks.spawn(async move {
            let one_less = |left: u64| left.checked_sub(1);
            // Ramp and warm-up come on top of a limited count.
            let is_left = || {
                worker.clock.now() < plan.measured_from()
                    || left
                        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
                        .is_ok()
            };
            while worker.clock.now() < plan.end() && !worker.stop.is_cancelled() && is_left() {
                if !operation(Ticket::next(&worker)).await {
                    sleep(FAILURE_PAUSE).await;
                }
            }
        });
    }
    let deadline = worker
        .clock
        .instant(plan.end() + nanoseconds(worker.bounds.drain));
    drain(worker, tasks, Instant::from_std(deadline)).await;
    if plan.count.is_none() {
        // A service that stopped answering half-way had the rest of the time, too.
        worker.offered_until(worker.clock.now().min(plan.end()));
    }
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::measure::latency::Phase;
    use crate::measure::tally::Tally;
    use crate::run::worker::testing::{THOUSAND_A_SECOND, held_back, worker};

    const HOLD: Duration = Duration::from_millis(100);

    /// A thousand a second with so much room, until the operation stops the run.
    async fn until_stopped<F, Fut>(room: u32, operation: F) -> Tally
    where
        F: Fn(Ticket) -> Fut,
        Fut: Future<Output = bool> + Send + 'static,
    {
        let worker = worker(room);
        open(&worker, THOUSAND_A_SECOND, operation).await;
        worker.shard.lock().clone()
    }

    fn succeed(ticket: Ticket) -> bool {
        let now = ticket.worker().clock.now();
        ticket.end(Ok(now))
    }

    /// Keeps the thread from everything else, and then stops the run.
    async fn be_late(ticket: Ticket) -> bool {
        std::thread::sleep(HOLD);
        ticket.worker().stop.cancel();
        succeed(ticket)
    }

    #[tokio::test]
    async fn what_the_harness_was_late_with_when_it_was_stopped_is_no_failure() {
        let tally = until_stopped(8000, be_late).await;
        assert_eq!((tally.failed, tally.live.failed), (0, 0));
        assert_eq!(tally.done, tally.started);
        // It is what was asked for, and the verdict hears of it.
        assert!(tally.offered >= 100, "{}", tally.offered);
        let late = tally.latency[&Phase::Lag].max();
        assert!(late >= nanoseconds(HOLD) * 9 / 10, "{late}");
    }

    #[tokio::test]
    async fn what_there_was_no_room_for_when_it_was_stopped_has_failed() {
        let tally = until_stopped(1, async |ticket| {
            held_back(ticket.worker()).await;
            sleep(HOLD).await;
            ticket.worker().stop.cancel();
            sleep(HOLD).await;
            succeed(ticket)
        })
        .await;
        assert_eq!((tally.started, tally.done), (1, 1));
        assert_eq!(tally.failed, tally.offered - 1);
        assert!(tally.failed >= 99, "{}", tally.failed);
    }

    #[tokio::test]
    async fn what_fell_due_before_there_was_room_again_has_failed_and_what_did_since_has_not() {
        const ROOM: u32 = 16;
        let begun = Arc::new(AtomicU64::new(0));
        let free = CancellationToken::new();
        let tally = until_stopped(ROOM, move |ticket| {
            let (begun, free) = (Arc::clone(&begun), free.clone());
            async move {
                let count = begun.fetch_add(1, Ordering::Relaxed) + 1;
                if count > u64::from(ROOM) {
                    return be_late(ticket).await;
                }
                if count == u64::from(ROOM) {
                    held_back(ticket.worker()).await;
                    sleep(HOLD).await;
                    free.cancel();
                }
                free.cancelled().await;
                succeed(ticket)
            }
        })
        .await;
        let late = tally.offered - tally.started - tally.failed;
        assert!(tally.failed > 0 && late > 0, "{tally:?}");
        // As long as the harness was away.
        assert!(late >= 99, "{late}");
    }
}
