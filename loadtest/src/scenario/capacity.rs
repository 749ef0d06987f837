//! Raises the rate of sign-ins until a limit is passed, and finds the knee.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::args::gate::Figure;
use crate::args::{CapacityArgs, Gate};
use crate::fault::Fault;
use crate::measure::latency::Phase;
use crate::measure::schedule::Plan;
use crate::report::record::{Finding, Outcome, Step, Totals};
use crate::report::units::number;
use crate::run::lap::Lap;
use crate::run::outlook::Outlook;
use crate::run::pace::{self, Pace};
use crate::run::session::Session;
use crate::run::window::Window;
use crate::scenario::finish::{Failed, Finished, figure};
use crate::scenario::sign_ins::longest;
use crate::scenario::transaction::{Script, sign_in};

/// Rates that are tried while growing, at most: 1.05 to the 400th is beyond every rate.
const STEPS_MAX: u32 = 400;

/// What a rate must hold by default.
const LIMITS: [&str; 3] = ["p99>100ms", "errors>0.1%", "achieved<97%"];

/// What is known so far.
struct Search {
    session: Session,
    limits: Vec<Gate>,
    steps: Vec<Step>,
    /// The fastest lap that held.
    best: Option<(f64, Lap)>,
    /// The slowest rate that did not, and why the harness was to blame, if it was.
    worst: Option<(f64, Vec<String>)>,
    /// The lap before, for when none held.
    last: Lap,
    /// Faults at any rate.
    faults: BTreeMap<Fault, u64>,
}

pub(crate) async fn run(args: &CapacityArgs) -> Result<Outcome, Failed> {
    if args.from > args.to {
        return Err(Failed::Usage("--from is above --to".to_owned()));
    }
    check_limits(args)?;
    let one = args.warm_up + args.step + args.rest;
    let session = Session::new(
        &args.target,
        &args.bounds,
        &args.output,
        longest(&args.messages),
        one * (12 + args.bisect),
    )
    .await?;
    let limits = if args.limit.is_empty() {
        let gates = LIMITS.iter().map(|text| text.parse());
        gates.collect::<Result<_, _>>().map_err(Failed::Usage)?
    } else {
        args.limit.clone()
    };
    let mut search = Search {
        session,
        limits,
        steps: Vec::new(),
        best: None,
        worst: None,
        last: Lap::default(),
        faults: BTreeMap::new(),
    };
    search.grow(args).await?;
    search.bisect(args).await?;
    search.finish(args)
}

/// A limit on a figure that no step has would fail each of them, and call that a knee.
fn check_limits(args: &CapacityArgs) -> Result<(), Failed> {
    let is_watched = !args.output.server_pid.is_empty() || args.output.server_metrics.is_some();
    for limit in &args.limit {
        let why = match limit.figure {
            Figure::RssPerTunnel | Figure::RssSlope | Figure::FdsSlope => {
                "no step of a capacity run has that figure"
            }
            Figure::CpuPerOp | Figure::Rss if !is_watched => {
                "it needs --server-pid or --server-metrics"
            }
            _ => continue,
        };
        return Err(Failed::Usage(format!("--limit {limit}: {why}")));
    }
    Ok(())
}

impl Search {
    async fn grow(&mut self, args: &CapacityArgs) -> Result<(), Failed> {
        let mut rate = args.from;
        for _ in 0..STEPS_MAX {
            if !self.try_rate(args, rate).await? || rate >= args.to {
                break;
            }
            rate = (rate * args.grow).min(args.to);
        }
        Ok(())
    }

    async fn bisect(&mut self, args: &CapacityArgs) -> Result<(), Failed> {
        for _ in 0..args.bisect {
            let (Some((good, _)), Some((bad, _))) = (&self.best, &self.worst) else {
                break;
            };
            // Less than a sign-in a second apart is no difference.
            if bad - good < 1.0 {
                break;
            }
            let middle = f64::midpoint(*good, *bad);
            self.try_rate(args, middle).await?;
        }
        Ok(())
    }

    /// Whether the rate held. After Ctrl-C nothing holds.
    async fn try_rate(&mut self, args: &CapacityArgs, rate: f64) -> Result<bool, Failed> {
        if self.session.stop.is_cancelled() {
            return Ok(false);
        }
        if !self.steps.is_empty() {
            let rest = sleep(args.rest);
            self.session.stop.clone().run_until_cancelled(rest).await;
        }
        let plan = Plan {
            rate,
            spread: args.arrival,
            ramp: Duration::ZERO,
            warm_up: args.warm_up,
            duration: args.step,
            count: None,
        };
        let name = format!("{}/s", number(rate));
        let outlook = Outlook {
            name: name.clone(),
            length: (args.warm_up + args.step).as_secs_f64(),
            headline: Phase::Operation,
        };
        let script = Script::from(&args.messages);
        let window = Arc::new(Window::from(plan.measured_from()));
        let lap = self
            .session
            .drive(outlook, window, move |worker| {
                let script = script.clone();
                async move {
                    pace::keep(&worker, Pace::Open(plan), move |ticket| {
                        sign_in(ticket, script.clone())
                    })
                    .await;
                }
            })
            .await?;
        for (fault, count) in &lap.tally.faults {
            *self.faults.entry(*fault).or_default() += count;
        }
        if self.session.stop.is_cancelled() {
            self.last = lap;
            return Ok(false);
        }
        let step = self.judge(name, rate, &lap);
        let held = step.failed.is_empty();
        self.steps.push(step);
        if held {
            self.best = Some((rate, lap));
        } else {
            self.worst = Some((rate, lap.limits.clone()));
            self.last = lap;
        }
        Ok(held)
    }

    fn judge(&self, name: String, rate: f64, lap: &Lap) -> Step {
        let totals = Totals::of(lap, Some(rate));
        let headline = lap.headline(Phase::Operation);
        let mut failed: Vec<String> = self
            .limits
            .iter()
            .filter(|gate| {
                let value = figure(gate.figure, headline, lap.server, &totals);
                value.is_none_or(|value| gate.fails(value))
            })
            .map(ToString::to_string)
            .collect();
        if lap.tally.fault_count() > 0 {
            failed.push("faults".to_owned());
        }
        Step::of(name, lap, totals, Phase::Operation, failed)
    }

    fn finish(self, args: &CapacityArgs) -> Result<Outcome, Failed> {
        let mut findings = Vec::new();
        let mut blamed = Vec::new();
        let mut reasons = Vec::new();
        match (&self.best, &self.worst) {
            (Some((good, _)), None) => findings.push(Finding::new(
                "held",
                *good,
                format!("{}/s held; no rate that was tried failed", number(*good)),
            )),
            (Some((good, _)), Some((bad, limits))) if limits.is_empty() => {
                findings.push(Finding::new(
                    "knee",
                    *good,
                    format!(
                        "the knee: {}/s held, {}/s did not",
                        number(*good),
                        number(*bad)
                    ),
                ));
            }
            (Some((good, _)), Some((bad, limits))) => {
                findings.push(Finding::new(
                    "held",
                    *good,
                    format!(
                        "{}/s held; at {}/s the harness was the limit, so this is not the \
                         service's knee",
                        number(*good),
                        number(*bad)
                    ),
                ));
                blamed.clone_from(limits);
            }
            (None, None) => reasons.push("interrupted before any rate had its time".to_owned()),
            (None, Some(_)) => {
                findings.push(Finding::new("held", 0.0, "begin lower with --from"));
                reasons.push("no rate held".to_owned());
            }
        }
        let (rate, mut lap) = self.best.unwrap_or((args.from, self.last));
        lap.tally.faults = self.faults;
        if !blamed.is_empty() {
            lap.limits = blamed;
        }
        Finished {
            scenario: "capacity",
            operation: "sign-in",
            headline: Phase::Operation,
            offered_rate: Some(rate),
            lap,
            steps: self.steps,
            findings,
            reasons,
        }
        .report(&self.session, &args.output)
    }
}
