//! Whole sign-ins: what a user waits, and what one costs.

use std::sync::Arc;
use std::time::Duration;

use crate::args::{LoadArgs, SignInsArgs, Steps};
use crate::measure::latency::Phase;
use crate::report::record::Outcome;
use crate::run::lap::{Lap, Window};
use crate::run::pace::{self, Pace};
use crate::run::session::{Outlook, Session, SetupError};
use crate::scenario::finish::{Failed, Finished};
use crate::scenario::transaction::sign_in;

pub(crate) async fn run(args: &SignInsArgs) -> Result<Outcome, Failed> {
    let (session, lap) = drive("sign-ins", args).await?;
    Finished {
        scenario: "sign-ins",
        operation: "sign-in",
        headline: Phase::Operation,
        offered_rate: args.load.offered_rate(),
        lap,
        steps: Vec::new(),
        findings: Vec::new(),
        reasons: Vec::new(),
    }
    .report(&session, &args.output)
}

/// Sign-ins as they were asked for, under a scenario's name.
pub(crate) async fn drive(name: &str, args: &SignInsArgs) -> Result<(Session, Lap), SetupError> {
    let load = &args.load;
    let mut session = Session::new(
        &args.target,
        &load.bounds,
        &args.output,
        longest(&args.messages),
        planned(load),
    )
    .await?;
    let steps: Arc<[_]> = args.messages.0.clone().into();
    let pace = pace(load);
    let window = Arc::new(Window::from(pace.plan().measured_from()));
    let lap = session
        .drive(outlook(name, load), window, move |worker| {
            let steps = Arc::clone(&steps);
            async move {
                pace::keep(&worker, pace, move |ticket| {
                    sign_in(ticket, Arc::clone(&steps))
                })
                .await;
            }
        })
        .await?;
    Ok((session, lap))
}

/// The pace that was asked for.
pub(crate) fn pace(load: &LoadArgs) -> Pace {
    match load.closed {
        Some(at_once) => Pace::Closed(load.plan(), at_once),
        None => Pace::Open(load.plan()),
    }
}

/// How long the load will last.
pub(crate) fn planned(load: &LoadArgs) -> Duration {
    load.ramp + load.warm_up + load.duration
}

pub(crate) fn outlook(name: &str, load: &LoadArgs) -> Outlook {
    Outlook {
        name: name.to_owned(),
        length: planned(load).as_secs_f64(),
        headline: Phase::Operation,
    }
}

/// The longest message of a sign-in.
pub(crate) fn longest(messages: &Steps) -> usize {
    let sizes = messages.0.iter().map(|step| step.size);
    sizes.max().unwrap_or(0)
}
