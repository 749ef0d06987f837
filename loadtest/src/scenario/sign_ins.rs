//! Whole sign-ins: what a user waits, and what one costs.

use std::sync::Arc;
use std::time::Duration;

use crate::args::{LoadArgs, Pauses, SignInsArgs, Steps};
use crate::measure::latency::Phase;
use crate::number::{float, ratio, whole};
use crate::report::record::{Finding, Outcome};
use crate::report::units::{count, number, time};
use crate::run::lap::Lap;
use crate::run::outlook::Outlook;
use crate::run::pace::{self, Pace};
use crate::run::session::Session;
use crate::run::window::Window;
use crate::scenario::finish::{Failed, Finished};
use crate::scenario::transaction::{Script, sign_in};

pub(crate) async fn run(args: &SignInsArgs) -> Result<Outcome, Failed> {
    let (session, lap) = drive("sign-ins", args).await?;
    report("sign-ins", args, &session, lap, Vec::new())
}

/// Tells of a lap of sign-ins under a scenario's name, with what that scenario has found.
pub(crate) fn report(
    scenario: &'static str,
    args: &SignInsArgs,
    session: &Session,
    lap: Lap,
    mut findings: Vec<Finding>,
) -> Result<Outcome, Failed> {
    findings.extend(crowd(args, &lap)?);
    Finished {
        scenario,
        operation: "sign-in",
        headline: Phase::Operation,
        offered_rate: args.load.offered_rate(),
        lap,
        steps: Vec::new(),
        findings,
        reasons: Vec::new(),
    }
    .report(session, &args.output)
}

/// Sign-ins as they were asked for, under a scenario's name.
pub(crate) async fn drive(name: &str, args: &SignInsArgs) -> Result<(Session, Lap), Failed> {
    let load = &args.load;
    let pauses = pauses(args)?;
    check_room(load, &pauses)?;
    let mut bounds = load.bounds.clone();
    // People who are still thinking when nothing more is due are waited for.
    bounds.drain += pauses.longest();
    let mut session = Session::new(
        &args.target,
        &bounds,
        &args.output,
        longest(&args.messages),
        planned(load),
    )
    .await?;
    if load.closed.is_none() && !pauses.is_empty() {
        let connections = load.rate * pauses.mean_of_connections().as_secs_f64();
        session.check_files(whole(connections.ceil()))?;
    }
    let script = Script {
        pauses: Arc::new(pauses),
        ..Script::from(&args.messages)
    };
    let pace = pace(load);
    let window = Arc::new(Window::from(pace.plan().measured_from()));
    let lap = session
        .drive(outlook(name, load), window, move |worker| {
            let script = script.clone();
            async move {
                pace::keep(&worker, pace, move |ticket| sign_in(ticket, script.clone())).await;
            }
        })
        .await?;
    Ok((session, lap))
}

fn pauses(args: &SignInsArgs) -> Result<Pauses, Failed> {
    args.think.pauses(&args.messages).map_err(Failed::Usage)
}

/// Whether those who are waited for fit into the operations that may be under way: if not, most starts
/// would be held back, and their wait would look like the service's.
fn check_room(load: &LoadArgs, pauses: &Pauses) -> Result<(), Failed> {
    let room = load.bounds.max_in_flight;
    let people = load.rate * pauses.mean().as_secs_f64();
    if load.closed.is_some() || people < f64::from(room) {
        return Ok(());
    }
    Err(Failed::Usage(format!(
        "at {}/s with pauses of {} on average, {} sign-ins are under way at once, and \
         --max-in-flight is {}: raise it, or lower --rate",
        number(load.rate),
        time(pauses.mean().as_secs_f64() * 1e3),
        number(people.ceil()),
        count(room.into())
    )))
}

/// How many tunnels are open at once when people take their time: as many as are opened in the time
/// that one is open (Little's law).
fn crowd(args: &SignInsArgs, lap: &Lap) -> Result<Vec<Finding>, Failed> {
    let pauses = pauses(args)?;
    let Some(open) = lap.tally.latency.get(&Phase::Tunnel) else {
        return Ok(Vec::new());
    };
    let rate = match args.load.closed {
        Some(_) => lap.rate(),
        // Those that failed are not among those that were timed.
        None => args.load.rate * ratio(float(lap.tally.done), float(lap.tally.offered)),
    };
    let mean = open.mean() / 1e9;
    let mut text = format!(
        "{} tunnels open at once, on average ({}/s, each open for {}: Little's law)",
        number(rate * mean),
        number(rate),
        time(mean * 1e3)
    );
    // Nobody of those who take longest had been there when measuring began.
    if args.load.closed.is_none() && args.load.ramp + args.load.warm_up < pauses.mean() {
        text += "; fewer at first: --warm-up is shorter than the pauses";
    }
    Ok(vec![Finding::new("tunnels_open", rate * mean, text)])
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
