//! One sign-in, as the service sees it: two connections, some messages, a goodbye.

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use crate::args::Step;
use crate::fault::{Failure, Trouble};
use crate::measure::clock::nanoseconds;
use crate::measure::latency::Phase;
use crate::payload::End;
use crate::run::ticket::Ticket;
use crate::run::worker::Worker;
use crate::tunnel::{Half, Tunnel};

/// Does a sign-in, counts it, and tells whether it succeeded. It counts as done when the last
/// message has arrived, and as failed if the goodbye then goes wrong.
pub(crate) async fn sign_in(ticket: Ticket, steps: Arc<[Step]>) -> bool {
    match attempt(&ticket, &steps).await {
        Ok(at) => {
            ticket.done(at);
            true
        }
        Err(trouble) => {
            ticket.failed(trouble);
            false
        }
    }
}

async fn attempt(ticket: &Ticket, steps: &[Step]) -> Result<u64, Trouble> {
    let worker = ticket.worker();
    let deadline = deadline(ticket);
    let opening = timeout_at(deadline, Tunnel::open(worker)).await;
    let (mut tunnel, opened) = opening.unwrap_or(Err(Failure::ConnectTimeout.into()))?;
    ticket.record(Phase::Open, opened.phone - ticket.began());
    ticket.record(Phase::Join, opened.laptop - opened.phone);
    for turn in steps.chunk_by(|a, b| a.sender == b.sender) {
        let Some(sender) = turn.first().map(|step| step.sender) else {
            continue;
        };
        for step in turn {
            tunnel.from(sender).0.send(step.size).await?;
        }
        tunnel.deliver(sender, deadline).await?;
    }
    let finished = worker.clock.now();
    if !steps.is_empty() {
        ticket.record(Phase::Messages, finished - opened.laptop);
    }
    let is_spoiled = tunnel.is_spoiled();
    // The laptop has asked for the end with its last message; the phone hangs up.
    tunnel.close(End::Phone).await?;
    ticket.record(Phase::Close, worker.clock.now() - finished);
    if is_spoiled {
        return Err(Trouble::Spoiled);
    }
    Ok(finished)
}

/// When an operation has had its time.
fn deadline(ticket: &Ticket) -> Instant {
    let worker = ticket.worker();
    let at = ticket.began() + nanoseconds(worker.bounds.timeout);
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
    match attempt.await {
        Ok(at) => {
            ticket.done(at);
            true
        }
        Err(trouble) => {
            ticket.failed(trouble);
            false
        }
    }
}
