//! What one driving thread has at hand.

use std::iter::Peekable;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hawser_wire::TunnelId;
use tokio_util::sync::CancellationToken;

use crate::args::BoundArgs;
use crate::client::dial::Dialer;
use crate::measure::clock::{Clock, nanoseconds};
use crate::measure::latency::Phase;
use crate::measure::schedule::Schedule;
use crate::measure::tally::Shard;
use crate::payload::Filling;
use crate::run::window::Window;
use crate::watch::process::{self, ThreadTime};

/// The limits of an operation.
#[derive(Debug, Clone)]
pub(crate) struct Bounds {
    pub(crate) max_in_flight: usize,
    pub(crate) timeout: Duration,
    pub(crate) close_timeout: Duration,
    pub(crate) drain: Duration,
    /// In nanoseconds.
    pub(crate) stall: u64,
    pub(crate) close_codes: Arc<[Option<u16>]>,
}

impl Bounds {
    pub(crate) fn new(args: &BoundArgs) -> Self {
        Self {
            max_in_flight: usize::try_from(args.max_in_flight).unwrap_or(usize::MAX),
            timeout: args.timeout,
            close_timeout: args.close_timeout,
            drain: args.drain,
            stall: nanoseconds(args.stall),
            close_codes: args.close_codes.clone().into(),
        }
    }
}

/// A driving thread's share of a lap.
#[derive(Debug)]
pub(crate) struct Worker {
    /// Its number, from 0.
    pub(crate) index: u64,
    /// How many there are.
    pub(crate) of: u64,
    pub(crate) clock: Clock,
    pub(crate) dialer: Dialer,
    pub(crate) filling: Filling,
    pub(crate) bounds: Bounds,
    pub(crate) shard: Shard,
    /// Nothing more begins.
    pub(crate) stop: CancellationToken,
    /// What is measured.
    pub(crate) window: Arc<Window>,
    /// The latency that the time series shows.
    pub(crate) headline: Phase,
    /// Numbers of tunnels, for labels.
    pub(crate) tunnels: Arc<AtomicU64>,
    /// The kernel's name for the thread, once it runs.
    pub(crate) thread: AtomicI32,
    /// What an open loop is to begin, and has been to begin so far.
    intended: Mutex<Intended>,
    /// How the thread spent its time, once it has ended: then nobody else can tell.
    spent: Mutex<Option<ThreadTime>>,
}

/// The arrivals of an open loop.
#[derive(Debug, Default)]
struct Intended {
    schedule: Option<Peekable<Schedule>>,
    start: u64,
    count: u64,
}

/// What all workers of a lap have in common.
#[derive(Debug, Clone)]
pub(crate) struct Common {
    pub(crate) clock: Clock,
    pub(crate) dialer: Dialer,
    pub(crate) filling: Filling,
    pub(crate) bounds: Bounds,
    pub(crate) stop: CancellationToken,
    pub(crate) window: Arc<Window>,
    pub(crate) headline: Phase,
    pub(crate) tunnels: Arc<AtomicU64>,
}

impl Worker {
    pub(crate) fn new(index: u64, of: u64, common: &Common) -> Self {
        let common = common.clone();
        Self {
            index,
            of,
            clock: common.clock,
            dialer: common.dialer,
            filling: common.filling,
            bounds: common.bounds,
            shard: Shard::default(),
            stop: common.stop,
            window: common.window,
            headline: common.headline,
            tunnels: common.tunnels,
            thread: AtomicI32::new(0),
            intended: Mutex::default(),
            spent: Mutex::new(None),
        }
    }

    /// Tells when an open loop's operations fall due, `start` after the clock's zero. It cannot count
    /// them itself: while it waits for room, more fall due.
    pub(crate) fn intend(&self, schedule: Schedule, start: u64) {
        *self.lock_intended() = Intended {
            schedule: Some(schedule.peekable()),
            start,
            count: 0,
        };
    }

    /// Nothing more is intended: the run is stopped.
    pub(crate) fn intend_no_more(&self) {
        self.intended_by(self.clock.now());
        self.lock_intended().schedule = None;
    }

    /// Operations that have fallen due by a moment; none where the pace is not the harness's.
    pub(crate) fn intended_by(&self, now: u64) -> Option<u64> {
        let mut intended = self.lock_intended();
        let Intended {
            schedule,
            start,
            count,
        } = &mut *intended;
        if let Some(schedule) = schedule {
            while schedule.next_if(|due| *start + *due <= now).is_some() {
                *count += 1;
            }
        }
        (schedule.is_some() || *count > 0).then_some(*count)
    }

    /// Counts one that fell due, `late` nanoseconds of which are the harness's own lateness.
    pub(crate) fn offer(&self, due: u64, late: u64) {
        let mut tally = self.shard.lock();
        tally.live.offered += 1;
        if self.is_measured(due) {
            tally.offered += 1;
            tally.last_due = tally.last_due.max(due);
            tally.record(Phase::Lag, late);
        }
    }

    /// Operations were offered until then, though none fell due of late: that time counts too.
    pub(crate) fn offered_until(&self, at: u64) {
        let mut tally = self.shard.lock();
        tally.last_due = tally.last_due.max(at);
    }

    fn lock_intended(&self) -> MutexGuard<'_, Intended> {
        self.intended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the thread has spent its time so far.
    pub(crate) fn thread_time(&self) -> ThreadTime {
        let spent = *self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        spent.unwrap_or_else(|| match self.thread.load(Ordering::Relaxed) {
            0 => ThreadTime::default(),
            thread => process::thread(thread).unwrap_or_default(),
        })
    }

    /// Remembers that, at the thread's end.
    pub(crate) fn keep_thread_time(&self) {
        let now = self.thread_time();
        *self.spent.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }

    /// A number for a tunnel that no other has.
    pub(crate) fn next_tunnel(&self) -> u64 {
        self.tunnels.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether something that was due then counts.
    pub(crate) fn is_measured(&self, due: u64) -> bool {
        self.window.contains(due)
    }

    /// A limit that is counted for all threads together, as one thread's share: at least 1.
    pub(crate) fn share(&self, total: usize) -> usize {
        let of = crate::number::elements(self.of);
        total.div_ceil(of.max(1)).max(1)
    }

    /// This thread's part of `total` things: the parts add up.
    pub(crate) fn part(&self, total: u64) -> u64 {
        total / self.of + u64::from(self.index < total % self.of)
    }
}

/// A tunnel id that nobody else draws.
pub(crate) fn tunnel_id() -> TunnelId {
    TunnelId::from_bytes(fastrand::u128(..).to_ne_bytes())
}

#[cfg(test)]
pub(crate) mod testing {
    use clap::Parser as _;

    use super::*;
    use crate::args::{Arguments, Scenario};
    use crate::client::target::Target;
    use crate::measure::schedule::{Plan, Spread};

    pub(crate) const THOUSAND_A_SECOND: Plan = Plan {
        rate: 1000.0,
        spread: Spread::Constant,
        ramp: Duration::ZERO,
        warm_up: Duration::ZERO,
        duration: Duration::from_mins(10),
        count: None,
    };

    /// Until something had to wait for room.
    pub(crate) async fn held_back(worker: &Worker) {
        while worker.shard.lock().held_back == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// The only one, whose clock starts now, with so much room.
    pub(crate) fn worker(room: u32) -> Arc<Worker> {
        let room = format!("--max-in-flight={room}");
        let line = ["hawser-loadtest", "sign-ins", "--url=ws://127.0.0.1", &room];
        let Scenario::SignIns(args) = Arguments::parse_from(line).scenario else {
            unreachable!("as it says");
        };
        let target = Arc::new(Target::new(&args.target).unwrap());
        let common = Common {
            clock: Clock::start(),
            dialer: Dialer::new(target, args.target.connect_timeout),
            filling: Filling::new(0),
            bounds: Bounds::new(&args.load.bounds),
            stop: CancellationToken::new(),
            window: Arc::new(Window::from(0)),
            headline: Phase::Operation,
            tunnels: Arc::default(),
        };
        Arc::new(Worker::new(0, 1, &common))
    }
}
