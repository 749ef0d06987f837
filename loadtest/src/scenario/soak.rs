//! A constant rate for a long time: does memory or the number of files grow?

use std::sync::Arc;

use crate::args::SoakArgs;
use crate::measure::latency::Phase;
use crate::number::float;
use crate::report::record::{Finding, Outcome};
use crate::report::series::Sample;
use crate::report::units::{bytes, number};
use crate::run::lap::Window;
use crate::run::pace;
use crate::run::session::Session;
use crate::scenario::finish::{Failed, Finished};
use crate::scenario::sign_ins::{longest, outlook, pace as pace_of, planned};
use crate::scenario::transaction::sign_in;
use crate::scenario::trend::Trend;

/// The first part of a soak, in which caches and allocators fill, says nothing of growth.
const SETTLING: f64 = 0.3;

pub(crate) async fn run(args: &SoakArgs) -> Result<Outcome, Failed> {
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
    let pace = pace_of(load);
    let window = Arc::new(Window::from(pace.plan().measured_from()));
    let lap = session
        .drive(outlook("soak", load), window, move |worker| {
            let steps = Arc::clone(&steps);
            async move {
                pace::keep(&worker, pace, move |ticket| {
                    sign_in(ticket, Arc::clone(&steps))
                })
                .await;
            }
        })
        .await?;
    let findings = findings(session.series.rows());
    Finished {
        scenario: "soak",
        operation: "sign-in",
        headline: Phase::Operation,
        offered_rate: load.closed.is_none().then_some(load.rate),
        lap,
        steps: Vec::new(),
        findings,
        failed: false,
    }
    .report(&session, &args.output)
}

fn findings(rows: &[Sample]) -> Vec<Finding> {
    let measured: Vec<&Sample> = rows.iter().filter(|row| row.measured).collect();
    let (Some(first), Some(last)) = (measured.first(), measured.last()) else {
        return Vec::new();
    };
    let settled = first.at + (last.at - first.at) * SETTLING;
    let points = |of: fn(&Sample) -> Option<u64>| -> Vec<(f64, f64)> {
        let settled = measured.iter().filter(|row| row.at >= settled);
        settled
            .filter_map(|row| Some((row.at / 3600.0, float(of(row)?))))
            .collect()
    };
    let mut all = Vec::new();
    if let Some(trend) = Trend::of(&points(|row| row.server_rss)) {
        all.push(Finding::new(
            "rss_slope_bytes_per_hour",
            trend.slope,
            format!(
                "the service's memory changes by {} an hour (± {}{})",
                bytes(trend.slope),
                bytes(trend.error),
                clarity(trend)
            ),
        ));
    }
    if let Some(trend) = Trend::of(&points(|row| row.server_fds)) {
        all.push(Finding::new(
            "fds_slope_per_hour",
            trend.slope,
            format!(
                "its open files by {} an hour (± {}{})",
                number(trend.slope),
                number(trend.error),
                clarity(trend)
            ),
        ));
    }
    all
}

fn clarity(trend: Trend) -> &'static str {
    if trend.is_clear() {
        ", more than noise"
    } else {
        ", which is noise"
    }
}
