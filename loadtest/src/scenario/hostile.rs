//! Attacks beside honest sign-ins, and the harm to them.

mod attack;

use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum as _;

use self::attack::{Attackers, Toll};
use crate::args::{Attack, HostileArgs};
use crate::measure::latency::Phase;
use crate::measure::schedule::{Plan, Spread};
use crate::number::{float, ratio};
use crate::report::record::{Finding, Outcome, Step, Totals};
use crate::report::units::{byte_count, count, number, percent, time};
use crate::run::lap::Lap;
use crate::run::outlook::Outlook;
use crate::run::pace::{self, Pace};
use crate::run::session::Session;
use crate::run::window::Window;
use crate::scenario::finish::{Failed, Finished};
use crate::scenario::sign_ins::longest;
use crate::scenario::transaction::{Script, sign_in};
use crate::watch::{machine, own};

pub(crate) async fn run(args: &HostileArgs) -> Result<Outcome, Failed> {
    let attacks = if args.attacks.is_empty() {
        Attack::value_variants().to_vec()
    } else {
        args.attacks.clone()
    };
    let laps = u32::try_from(attacks.len()).unwrap_or(u32::MAX);
    let mut session = Session::new(
        &args.target,
        &args.bounds,
        &args.output,
        longest(&args.messages),
        args.step.saturating_mul(laps.saturating_add(2)),
    )
    .await?;
    session.check_files(u64::from(args.attackers) * 2)?;

    let mut steps = Vec::new();
    let mut findings = Vec::new();
    let before = honest(&mut session, args, "alone before").await?;
    let calm = step("alone before", &before, args.rate);
    let mut all = before;
    steps.push(calm.clone());
    for attack in attacks {
        if session.stop.is_cancelled() {
            break;
        }
        let name = name(attack);
        let attackers = Attackers::start(attack, args, &session).map_err(Failed::Thread)?;
        let lap = honest(&mut session, args, &name).await?;
        let toll = attackers.stop().await;
        let step = step(&name, &lap, args.rate);
        findings.extend(harm(&name, &calm, &step, &toll));
        steps.push(step);
        join(&mut all, &lap);
    }
    if !session.stop.is_cancelled() {
        let after = honest(&mut session, args, "alone after").await?;
        steps.push(step("alone after", &after, args.rate));
        join(&mut all, &after);
    }
    let reasons = match steps.split_last() {
        // It did not have its time.
        Some((_, finished)) if session.stop.is_cancelled() => shut_out(finished),
        _ => shut_out(&steps),
    };
    // Once for all laps, so that each reason stands there once.
    all.limits = own::limits(all.own, &all.tally, machine::tracked_share());
    Finished {
        scenario: "hostile",
        operation: "sign-in",
        headline: Phase::Operation,
        offered_rate: Some(args.rate),
        lap: all,
        steps,
        findings,
        reasons,
    }
    .report(&session, &args.output)
}

fn name(attack: Attack) -> String {
    let value = attack.to_possible_value();
    value.map_or_else(String::new, |value| value.get_name().to_owned())
}

/// Honest sign-ins for one step.
async fn honest(session: &mut Session, args: &HostileArgs, name: &str) -> Result<Lap, Failed> {
    let plan = Plan {
        rate: args.rate,
        spread: Spread::Constant,
        ramp: Duration::ZERO,
        warm_up: Duration::ZERO,
        duration: args.step,
        count: None,
    };
    let script = Script::from(&args.messages);
    let outlook = Outlook {
        name: name.to_owned(),
        length: args.step.as_secs_f64(),
        headline: Phase::Operation,
    };
    let lap = session
        .drive(outlook, Arc::new(Window::from(0)), move |worker| {
            let script = script.clone();
            async move {
                pace::keep(&worker, Pace::Open(plan), move |ticket| {
                    sign_in(ticket, script.clone())
                })
                .await;
            }
        })
        .await?;
    Ok(lap)
}

fn step(name: &str, lap: &Lap, rate: f64) -> Step {
    let totals = Totals::of(lap, Some(rate));
    let mut failed = Vec::new();
    if totals.failed > 0 {
        failed.push(format!("{} errors", count(totals.failed)));
    }
    Step::of(name.to_owned(), lap, totals, Phase::Operation, failed)
}

/// Adds a lap to all of them.
fn join(all: &mut Lap, lap: &Lap) {
    all.tally.add(&lap.tally);
    all.seconds += lap.seconds;
    all.offered_seconds += lap.offered_seconds;
    all.own.busy = all.own.busy.max(lap.own.busy);
    all.own.waiting = all.own.waiting.max(lap.own.waiting);
    if let (Some(all), Some(lap)) = (&mut all.server, lap.server) {
        all.cpu_seconds += lap.cpu_seconds;
        all.rss_after = lap.rss_after;
        all.fds_after = lap.fds_after;
    }
    if let Some(server) = &mut all.server {
        server.busy_cores = ratio(server.cpu_seconds, all.seconds);
    }
}

/// Steps in which nobody got in: an attack that shuts all honest users out has won, whatever the
/// average over all steps is.
fn shut_out(steps: &[Step]) -> Vec<String> {
    let shut_out = steps.iter().filter(|step| step.totals.done == 0);
    shut_out
        .map(|step| format!("no honest sign-in succeeded in step {}", step.name))
        .collect()
}

/// What an attack did to honest users, and to the service.
fn harm(name: &str, calm: &Step, step: &Step, toll: &Toll) -> Vec<Finding> {
    let slower = match (calm.p99, step.p99) {
        (Some(usual), Some(under)) => {
            let factor = ratio(under, usual);
            let text = format!(
                "{name}: honest p99 {} -> {} (x {}), errors {} -> {}",
                time(usual),
                time(under),
                number(factor),
                percent(calm.totals.error_share()),
                percent(step.totals.error_share()),
            );
            Finding::new(&format!("{name}_p99_ratio"), factor, text)
        }
        _ => Finding::new(
            &format!("{name}_p99_ratio"),
            None,
            format!("{name}: no honest sign-in succeeded, here or before it"),
        ),
    };
    let cost = match (calm.server, step.server) {
        (Some(calm), Some(under)) => format!(
            "; service {} -> {} of a core, {} -> {}",
            percent(calm.busy_cores),
            percent(under.busy_cores),
            byte_count(calm.rss_after),
            byte_count(under.rss_after)
        ),
        _ => String::new(),
    };
    let held = toll.held.map_or_else(String::new, |ms| {
        format!(", lived {} (median of those it ended)", time(ms))
    });
    let unmade = match toll.unmade {
        0 => String::new(),
        n => format!(
            ", {} not made (this machine had no port or file left)",
            count(n)
        ),
    };
    let text = format!(
        "    {} attempts{unmade}, {} turned away, {} ended by the service{held}, {} alive at the \
         end{cost}",
        count(toll.attempts),
        count(toll.refused),
        count(toll.ended),
        count(toll.alive),
    );
    let alive = Finding::new(&format!("{name}_alive"), float(toll.alive), text);
    vec![slower, alive]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attack_that_shuts_everybody_out_fails_the_run() {
        let mut good = Lap::default();
        good.tally.done = 1;
        let steps = [
            step("alone before", &good, 50.0),
            step("open-flood", &Lap::default(), 50.0),
        ];
        let expected = ["no honest sign-in succeeded in step open-flood"];
        assert_eq!(shut_out(&steps), expected);
    }
}
