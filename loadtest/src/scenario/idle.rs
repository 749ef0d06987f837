//! Many tunnels that do nothing: what one costs, and whether it lives.

mod conductor;
mod counts;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::conductor::{Conductor, SETTLE, Stage};
use self::counts::{Counts, Place};
use crate::args::{IdleArgs, State, TIME_MAX};
use crate::fault::{Failure, Trouble};
use crate::measure::alarm::Alarm;
use crate::measure::latency::Phase;
use crate::measure::schedule::{Plan, Spread};
use crate::number::float;
use crate::payload::End;
use crate::report::record::Outcome;
use crate::run::outlook::Outlook;
use crate::run::session::Session;
use crate::run::ticket::Ticket;
use crate::run::window::Window;
use crate::run::worker::Worker;
use crate::scenario::finish::{Failed, Finished};
use crate::tunnel::{Half, Tunnel};

/// Bytes of the message that shows, after the wait, that a tunnel still carries any.
const TOUCH_LEN: usize = 81;

pub(crate) async fn run(args: &IdleArgs) -> Result<Outcome, Failed> {
    let total = u64::from(args.tunnels);
    let opening = float(total) / args.rate;
    if opening > TIME_MAX.as_secs_f64() {
        let text = "opening so many tunnels at that --rate takes more than 7 days";
        return Err(Failed::Usage(text.to_owned()));
    }
    let opening = Duration::from_secs_f64(opening);
    let planned = opening + args.hold + SETTLE * 3;
    let mut session =
        Session::new(&args.target, &args.bounds, &args.output, TOUCH_LEN, planned).await?;
    let ends = if args.state == State::Paired { 2 } else { 1 };
    session.check_files(total * ends)?;

    let plan = Plan {
        rate: args.rate,
        spread: Spread::Constant,
        ramp: Duration::ZERO,
        warm_up: Duration::ZERO,
        // One more, so that rounding takes none away.
        duration: opening + Duration::from_secs(1),
        count: Some(total),
    };
    let counts = Arc::new(Counts::default());
    let (order, orders) = watch::channel(Stage::Hold);
    let conductor = Conductor {
        server: session.server.clone(),
        counts: Arc::clone(&counts),
        order,
        stop: session.stop.clone(),
        total,
        hold: args.hold,
        touches: args.state == State::Paired,
        patience: opening + args.target.connect_timeout * 2 + args.bounds.timeout,
    };
    let conducted = tokio::spawn(conductor.conduct());
    let state = args.state;
    let outlook = Outlook {
        name: "idle".to_owned(),
        length: planned.as_secs_f64(),
        headline: Phase::Operation,
    };
    let lap = session
        .drive(outlook, Arc::new(Window::from(0)), move |worker| {
            let (counts, orders) = (Arc::clone(&counts), orders.clone());
            async move { open_all(&worker, plan, state, &counts, orders).await }
        })
        .await?;
    let conducted = conducted.await;
    let findings = conducted.map_or_else(|_| Vec::new(), |seen| seen.findings(args));
    Finished {
        scenario: "idle",
        operation: "tunnel",
        headline: Phase::Operation,
        offered_rate: Some(args.rate),
        lap,
        steps: Vec::new(),
        findings,
        reasons: Vec::new(),
    }
    .report(&session, &args.output)
}

/// Opens this thread's tunnels at their due times and waits for all of them.
async fn open_all(
    worker: &Arc<Worker>,
    plan: Plan,
    state: State,
    counts: &Arc<Counts>,
    orders: watch::Receiver<Stage>,
) {
    let mut tasks = JoinSet::new();
    let Ok(mut alarm) = Alarm::new() else {
        worker.shard.lock().failure(Failure::NoFiles, 0);
        return;
    };
    for due in plan.share(worker.index, worker.of) {
        let wait = alarm.wait(worker.clock.instant(due));
        if worker.stop.run_until_cancelled(wait).await.is_none() {
            break;
        }
        let late = worker.clock.now().saturating_sub(due);
        let ticket = Ticket::begin(worker, due, late);
        let (counts, orders) = (Arc::clone(counts), orders.clone());
        tasks.spawn(async move {
            let place = Place::new(&counts);
            let result = match state {
                State::Paired => hold_paired(&ticket, place, orders).await,
                State::Waiting => hold_waiting(&ticket, place, orders).await,
            };
            ticket.end(result);
        });
        tokio::task::yield_now().await;
    }
    while tasks.join_next().await.is_some() {}
}

async fn hold_paired(
    ticket: &Ticket,
    mut place: Place<'_>,
    mut orders: watch::Receiver<Stage>,
) -> Result<u64, Trouble> {
    let worker = ticket.worker();
    let (mut tunnel, opened) = Tunnel::open(worker).await?;
    ticket.record(Phase::Open, opened.phone - ticket.began());
    ticket.record(Phase::Join, opened.laptop - opened.phone);
    place.open();
    loop {
        let now = *orders.borrow_and_update();
        match now {
            Stage::Touch if !place.is_touched() => {
                let deadline = Instant::now() + worker.bounds.timeout;
                for sender in [End::Laptop, End::Phone] {
                    tunnel.from(sender).0.send(TOUCH_LEN).await?;
                    tunnel.deliver(sender, deadline).await?;
                }
                place.touch();
            }
            Stage::Close => break,
            _ => tokio::select! {
                // Without a conductor, nobody would ever say so.
                order = orders.changed() => if order.is_err() { break },
                result = tunnel.phone.receive() => { result?; }
                result = tunnel.laptop.receive() => { result?; }
            },
        }
    }
    let is_spoiled = tunnel.is_spoiled();
    tunnel.close(End::Phone).await?;
    if is_spoiled {
        return Err(Trouble::Spoiled);
    }
    Ok(opened.laptop)
}

async fn hold_waiting(
    ticket: &Ticket,
    mut place: Place<'_>,
    mut orders: watch::Receiver<Stage>,
) -> Result<u64, Trouble> {
    let worker = ticket.worker();
    let mut phone = Half::alone(worker).await?;
    let opened = worker.clock.now();
    ticket.record(Phase::Open, opened - ticket.began());
    place.open();
    while *orders.borrow_and_update() != Stage::Close {
        tokio::select! {
            order = orders.changed() => if order.is_err() { break },
            result = phone.receive() => { result?; }
        }
    }
    phone.leave().await?;
    Ok(opened)
}
