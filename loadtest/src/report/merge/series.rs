//! The time series of several machines as one.

use std::collections::BTreeMap;

use crate::number::{float_len, whole};
use crate::report::record::Record;
use crate::report::series::Sample;

/// Rows of all machines by their moment; `offsets` is when each run began, in seconds. Rates and counts
/// are added. Percentiles of an interval are not: their histograms are not kept, so there are none.
pub(super) fn sum(records: &[Record], offsets: &[f64]) -> Vec<Sample> {
    let width = records.iter().map(spacing).fold(0.0, f64::max);
    if width <= 0.0 {
        return Vec::new();
    }
    // The service is one, whoever watches it.
    let watcher = records.iter().position(|r| r.server.is_some());
    let mut bins: BTreeMap<u64, Sample> = BTreeMap::new();
    for (machine, (record, offset)) in records.iter().zip(offsets).enumerate() {
        let mut own: BTreeMap<u64, Vec<&Sample>> = BTreeMap::new();
        for row in &record.series {
            let bin = whole((row.at + offset) / width);
            own.entry(bin).or_default().push(row);
        }
        for (bin, rows) in own {
            let sum = bins.entry(bin).or_default();
            sum.at = crate::number::float(bin) * width;
            add(sum, &rows, watcher == Some(machine));
        }
    }
    bins.into_values().collect()
}

/// Seconds between the rows of a run.
fn spacing(record: &Record) -> f64 {
    let rows = &record.series;
    match rows.as_slice() {
        [] => 0.0,
        [only] => only.at,
        [first, .., last] => (last.at - first.at) / float_len(rows.len() - 1),
    }
}

/// Adds one machine's rows of a moment: it may have two, and then their mean is its rate.
fn add(sum: &mut Sample, rows: &[&Sample], watches: bool) {
    let mean = |of: fn(&Sample) -> f64| {
        rows.iter().map(|row| of(row)).sum::<f64>() / float_len(rows.len().max(1))
    };
    sum.offered += mean(|row| row.offered);
    sum.done += mean(|row| row.done);
    sum.failed += mean(|row| row.failed);
    sum.messages += mean(|row| row.messages);
    for row in rows {
        sum.measured |= row.measured;
        sum.max = larger(sum.max, row.max);
        sum.client_busy = sum.client_busy.max(row.client_busy);
        sum.client_waiting = sum.client_waiting.max(row.client_waiting);
    }
    let Some(last) = rows.last() else { return };
    sum.in_flight += last.in_flight;
    if watches {
        sum.server_cores = last.server_cores;
        sum.server_rss = last.server_rss;
        sum.server_fds = last.server_fds;
    }
}

/// The larger of two figures that need not be there.
fn larger(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.max(other)),
        (one, other) => one.or(other),
    }
}
