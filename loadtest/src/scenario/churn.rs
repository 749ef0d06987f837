//! Tunnels that are opened and closed at once: what admission and clean-up cost.

use std::sync::Arc;

use crate::args::{ChurnArgs, State};
use crate::measure::latency::Phase;
use crate::report::record::Outcome;
use crate::run::pace;
use crate::run::session::Session;
use crate::run::window::Window;
use crate::scenario::finish::{Failed, Finished};
use crate::scenario::sign_ins::{outlook, pace as pace_of, planned};
use crate::scenario::transaction::{Script, sign_in, wait_and_leave};

pub(crate) async fn run(args: &ChurnArgs) -> Result<Outcome, Failed> {
    let load = &args.load;
    let mut session =
        Session::new(&args.target, &load.bounds, &args.output, 0, planned(load)).await?;
    let pace = pace_of(load);
    let state = args.state;
    let window = Arc::new(Window::from(pace.plan().measured_from()));
    let lap = session
        .drive(outlook("churn", load), window, move |worker| async move {
            match state {
                State::Waiting => pace::keep(&worker, pace, wait_and_leave).await,
                State::Paired => {
                    pace::keep(&worker, pace, |ticket| sign_in(ticket, Script::default())).await;
                }
            }
        })
        .await?;
    Finished {
        scenario: "churn",
        operation: "tunnel",
        headline: Phase::Operation,
        offered_rate: load.offered_rate(),
        lap,
        steps: Vec::new(),
        findings: Vec::new(),
        reasons: Vec::new(),
    }
    .report(&session, &args.output)
}
