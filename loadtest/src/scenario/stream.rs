//! Messages through open tunnels: what one costs, and how long it takes.

mod flow;
mod pacer;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::flow::{Flow, Mode};
use self::pacer::{Dues, Lane, Pacer};
use crate::args::StreamArgs;
use crate::measure::clock::nanoseconds;
use crate::measure::latency::Phase;
use crate::measure::schedule::{Plan, Spread};
use crate::report::record::Outcome;
use crate::run::outlook::Outlook;
use crate::run::pace;
use crate::run::session::Session;
use crate::run::window::Window;
use crate::run::worker::Worker;
use crate::scenario::finish::{Failed, Finished};

/// Due messages that may wait for one tunnel.
const LANE_LEN: usize = 256;

/// Tunnels that a thread opens at once: a burst of more loses packets at some services.
const OPENING: usize = 64;

/// When all tunnels of all threads are open, everything begins.
#[derive(Debug)]
struct Start {
    missing: AtomicU64,
    /// Set behind the window: who sees it knows when everything is to end.
    all_there: CancellationToken,
}

impl Start {
    /// One more has opened, or failed to.
    fn arrive(&self, worker: &Worker, plan: &Plan) {
        if self.missing.fetch_sub(1, Ordering::AcqRel) == 1 {
            let now = worker.clock.now();
            worker
                .window
                .set(now + plan.measured_from(), now + plan.end());
            self.all_there.cancel();
        }
    }

    async fn wait(&self) {
        self.all_there.cancelled().await;
    }
}

pub(crate) async fn run(args: &StreamArgs) -> Result<Outcome, Failed> {
    let tunnels = u64::from(args.tunnels);
    let planned = args.warm_up + args.duration;
    let mut session = Session::new(
        &args.target,
        &args.bounds,
        &args.output,
        args.size.0,
        planned,
    )
    .await?;
    session.check_files(tunnels * 2)?;
    let plan = Plan {
        rate: args.rate.unwrap_or(1.0),
        spread: if args.rate.is_some() {
            args.arrival
        } else {
            Spread::Constant
        },
        ramp: Duration::ZERO,
        warm_up: args.warm_up,
        duration: args.duration,
        count: args.count,
    };
    let mode = match (args.rate, args.ping_pong) {
        (Some(_), _) => Mode::Paced,
        (None, true) => Mode::PingPong,
        (None, false) => Mode::Window(args.window),
    };
    let flow = Flow {
        size: args.size.0,
        mode,
        most: match args.messages_per_tunnel {
            0 => u32::MAX,
            most => most,
        },
        count: args.count.map(|n| Arc::new(AtomicU64::new(n))),
    };
    let start = Arc::new(Start {
        missing: tunnels.into(),
        all_there: CancellationToken::new(),
    });
    let outlook = Outlook {
        name: "stream".to_owned(),
        length: planned.as_secs_f64(),
        headline: Phase::Message,
    };
    let mut lap = session
        .drive(outlook, Arc::new(Window::later()), move |worker| {
            let (start, flow) = (Arc::clone(&start), flow.clone());
            async move { stream(&worker, tunnels, plan, &start, &flow).await }
        })
        .await?;
    lap.tally.done = lap.tally.messages;
    Finished {
        scenario: "stream",
        operation: "message",
        headline: Phase::Message,
        offered_rate: args.rate,
        lap,
        steps: Vec::new(),
        findings: Vec::new(),
        reasons: Vec::new(),
    }
    .report(&session, &args.output)
}

/// Keeps this thread's tunnels busy.
async fn stream(worker: &Arc<Worker>, tunnels: u64, plan: Plan, start: &Arc<Start>, flow: &Flow) {
    let mut tasks = JoinSet::new();
    let mut lanes = Vec::new();
    let opening = Arc::new(Semaphore::new(OPENING));
    for _ in 0..worker.part(tunnels) {
        let (sender, due) = mpsc::channel(LANE_LEN);
        let due = Dues::new(Arc::clone(worker), due);
        let lane = Lane::new(sender);
        let ready = lane.ready();
        lanes.push(lane);
        let (worker, start, flow) = (Arc::clone(worker), Arc::clone(start), flow.clone());
        let opening = Arc::clone(&opening);
        tasks.spawn(async move {
            // Never closed, so there is always a permit in the end.
            let permit = opening.acquire_owned().await;
            let first = flow.open(&worker).await;
            drop(permit);
            start.arrive(&worker, &plan);
            start.wait().await;
            flow.keep(&worker, first, due, &ready).await;
        });
    }
    start.wait().await;
    let pacer = Pacer::new(lanes, plan, worker.window.end().saturating_sub(plan.end()));
    if matches!(flow.mode, Mode::Paced) {
        pacer.pace(worker).await;
    } else {
        drop(pacer);
    }
    let patience = worker.bounds.timeout + worker.bounds.close_timeout + worker.bounds.drain;
    let end = worker.window.end() + nanoseconds(patience);
    let end = Instant::from_std(worker.clock.instant(end));
    // Whatever is left then is dropped: tunnels and lanes count the messages that they still had.
    pace::drain(worker, tasks, end).await;
    if flow.mode != Mode::Paced && plan.count.is_none() {
        // A service that stopped answering half-way had the rest of the time, too.
        worker.offered_until(worker.clock.now().min(worker.window.end()));
    }
}
