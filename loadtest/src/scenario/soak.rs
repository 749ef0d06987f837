//! A constant rate for a long time: does memory or the number of files grow?

use crate::args::SignInsArgs;
use crate::number::float;
use crate::report::record::{Finding, Outcome};
use crate::report::series::Sample;
use crate::report::units::{bytes, number};
use crate::scenario::finish::Failed;
use crate::scenario::sign_ins::{drive, report};
use crate::scenario::trend::Trend;

/// The first part of a soak, in which caches and allocators fill, says nothing of growth.
const SETTLING: f64 = 0.3;

pub(crate) async fn run(args: &SignInsArgs) -> Result<Outcome, Failed> {
    let (session, lap) = drive("soak", args).await?;
    let findings = findings(session.series.rows());
    report("soak", args, &session, lap, findings)
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
