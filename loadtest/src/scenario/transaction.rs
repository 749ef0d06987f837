//! One sign-in, as the service sees it: two connections, some messages, a goodbye.

use std::future::{Future, pending};
use std::sync::Arc;

use tokio::time::{Instant, sleep, timeout_at};

use crate::args::{Moment, Pauses, Step, Steps};
use crate::fault::{Failure, Trouble};
use crate::measure::clock::nanoseconds;
use crate::measure::latency::Phase;
use crate::payload::End;
use crate::run::ticket::Ticket;
use crate::run::worker::Worker;
use crate::tunnel::{Half, Waiting};

/// What one sign-in is made of. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script {
    /// The messages, in order.
    pub(crate) steps: Arc<[Step]>,
    /// What people take in between.
    pub(crate) pauses: Arc<Pauses>,
}

impl From<&Steps> for Script {
    fn from(messages: &Steps) -> Self {
        Self {
            steps: messages.0.clone().into(),
            pauses: Arc::default(),
        }
    }
}

/// Does a sign-in, counts it, and tells whether it succeeded. It counts as done when the last
/// message has arrived, and as failed if the goodbye then goes wrong.
pub(crate) async fn sign_in(mut ticket: Ticket, script: Script) -> bool {
    let outcome = attempt(&mut ticket, &script).await;
    ticket.end(outcome)
}

async fn attempt(ticket: &mut Ticket, script: &Script) -> Result<u64, Trouble> {
    let Script { steps, pauses } = script;
    let worker = Arc::clone(ticket.worker());
    pause(ticket, pauses, Moment::Scan, pending()).await?;
    let opening = ticket.began() + ticket.paused();
    let mut waiting = in_time(ticket, Waiting::open(&worker)).await?;
    let opened = worker.clock.now();
    ticket.record(Phase::Open, opened - opening);
    pause(ticket, pauses, Moment::Join, waiting.rest()).await?;
    let joining = worker.clock.now();
    let mut tunnel = in_time(ticket, waiting.join()).await?;
    let joined = worker.clock.now();
    ticket.record(Phase::Join, joined - joining);
    let before = ticket.paused();
    let answer = steps.iter().rposition(|step| step.sender == End::Phone);
    let mut at = 0;
    for turn in steps.chunk_by(|a, b| a.sender == b.sender) {
        let Some(sender) = turn.first().map(|step| step.sender) else {
            continue;
        };
        for step in turn {
            if answer == Some(at) {
                pause(ticket, pauses, Moment::Approve, tunnel.rest()).await?;
            }
            at += 1;
            tunnel.from(sender).0.send(step.size).await?;
        }
        tunnel.deliver(sender, deadline(ticket)).await?;
    }
    let finished = worker.clock.now();
    if !steps.is_empty() {
        let paused = ticket.paused() - before;
        ticket.record(Phase::Messages, (finished - joined).saturating_sub(paused));
    }
    let is_spoiled = tunnel.is_spoiled();
    // The laptop has asked for the end with its last message; the phone hangs up.
    tunnel.close(End::Phone).await?;
    let closed = worker.clock.now();
    ticket.record(Phase::Close, closed - finished);
    // A run that is stopped cuts pauses short, and such tunnels say nothing of people.
    if !pauses.is_empty() && !worker.stop.is_cancelled() {
        ticket.record(Phase::Tunnel, closed - opened);
    }
    if is_spoiled {
        return Err(Trouble::Spoiled);
    }
    Ok(finished)
}

/// Waits for a person, if one is to be waited for there; `meanwhile` ends only when the tunnel does.
/// When the run is stopped, nobody waits any longer: what is under way is done at once.
async fn pause(
    ticket: &mut Ticket,
    pauses: &Pauses,
    moment: Moment,
    meanwhile: impl Future<Output = Trouble>,
) -> Result<(), Trouble> {
    let Some(length) = pauses.at(moment) else {
        return Ok(());
    };
    let worker = Arc::clone(ticket.worker());
    ticket.pause();
    let wait = sleep(length.draw(&mut fastrand::Rng::new()));
    let ended = tokio::select! {
        () = wait => true,
        () = worker.stop.cancelled() => false,
        trouble = meanwhile => return Err(trouble),
    };
    let took = ticket.resume();
    if ended {
        let phase = match moment {
            Moment::Scan => Phase::PauseScan,
            Moment::Join => Phase::PauseJoin,
            Moment::Approve => Phase::PauseApprove,
        };
        ticket.record(phase, took);
    }
    Ok(())
}

/// A part of the opening, in the operation's time.
async fn in_time<T>(
    ticket: &Ticket,
    work: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, Trouble> {
    let done = timeout_at(deadline(ticket), work).await;
    done.unwrap_or(Err(Failure::ConnectTimeout.into()))
}

/// When an operation has had its time; pauses come on top.
fn deadline(ticket: &Ticket) -> Instant {
    let worker = ticket.worker();
    let at = ticket.began() + nanoseconds(worker.bounds.timeout) + ticket.paused();
    Instant::from_std(worker.clock.instant(at))
}

/// A phone that opens a tunnel and hangs up.
pub(crate) async fn wait_and_leave(ticket: Ticket) -> bool {
    let worker: Arc<Worker> = Arc::clone(ticket.worker());
    let attempt = async {
        let opening = timeout_at(deadline(&ticket), Half::alone(&worker)).await;
        let phone = opening.unwrap_or(Err(Failure::ConnectTimeout.into()))?;
        let at = worker.clock.now();
        ticket.record(Phase::Open, at - ticket.began());
        phone.leave().await?;
        ticket.record(Phase::Close, worker.clock.now() - at);
        Ok::<u64, Trouble>(at)
    };
    let outcome = attempt.await;
    ticket.end(outcome)
}
