//! Which plots a report has.

use crate::number::{float, whole};
use crate::report::plot::axis::Axis;
use crate::report::plot::{Line, Plot, Points};
use crate::report::record::{Latency, Record};
use crate::report::series::Sample;
use crate::report::units;

/// Quantiles that a plot goes through, as nines: 0.02 steps look smooth.
const NINES_STEP: f64 = 0.02;

pub(super) fn of_one(record: &Record) -> Vec<Plot> {
    let phase = |name: &str, text: &str| {
        let latency = record.latency.get(name)?;
        Some(Line::new(text, percentiles(latency)))
    };
    let due = format!("{} (from when it was due)", record.operation);
    let mut lines: Vec<Line> = phase(&record.headline, &due).into_iter().collect();
    if record.headline == "operation" {
        lines.extend(phase("service", "from when it really began").map(Line::dashed));
        lines.extend(phase("message", "one message"));
    }
    let row = &record.series;
    let mut plots = vec![
        latency_plot(lines, record.latency.get(&record.headline)),
        over_time(
            "Latency over time",
            "each point is one interval",
            vec![
                line("p50", row, |s| s.p50),
                line("p99", row, |s| s.p99),
                line("max", row, |s| s.max),
            ],
            true,
            units::time,
        ),
        over_time(
            "Rate",
            "operations a second",
            vec![
                line("achieved", row, |s| Some(s.done)),
                line("offered", row, |s| Some(s.offered)).dashed(),
                line("errors", row, |s| (s.failed > 0.0).then_some(s.failed)),
            ],
            false,
            units::number,
        ),
        over_time(
            "CPU",
            "cores that the service kept busy; the harness's busiest thread",
            vec![
                line("service", row, |s| s.server_cores),
                line("harness thread", row, |s| Some(s.client_busy)),
                line("harness without a CPU", row, |s| Some(s.client_waiting)).dashed(),
            ],
            false,
            units::number,
        ),
        over_time(
            "Memory of the service",
            "resident",
            vec![line("RSS", row, mebibytes)],
            false,
            |v| format!("{} MiB", units::number(v)),
        ),
        over_time(
            "Under way",
            "operations, and the service's open files",
            vec![
                line("operations", row, |s| Some(float(s.in_flight))),
                line("service files", row, |s| s.server_fds.map(float)),
            ],
            false,
            units::number,
        ),
    ];
    if record.scenario == "capacity" {
        plots.insert(0, capacity(record));
    }
    plots
}

pub(super) fn of_several(names: &[String], records: &[Record]) -> Vec<Plot> {
    let all = |of: &dyn Fn(&Record) -> Points| -> Vec<Line> {
        let pairs = names.iter().zip(records);
        pairs
            .map(|(name, record)| Line::new(name, of(record)))
            .collect()
    };
    let headline = |record: &Record| {
        let latency = record.latency.get(&record.headline);
        latency.map_or_else(Vec::new, percentiles)
    };
    let series = |of: fn(&Sample) -> Option<f64>| {
        move |record: &Record| {
            let rows = record.series.iter();
            rows.map(|row| (row.at, of(row))).collect()
        }
    };
    let most = records
        .iter()
        .filter_map(|record| record.latency.get(&record.headline))
        .max_by_key(|latency| latency.count);
    let mut plots = vec![
        latency_plot(all(&headline), most),
        over_time(
            "p99 over time",
            "each point is one interval",
            all(&series(|s| s.p99)),
            true,
            units::time,
        ),
        over_time(
            "Achieved rate",
            "operations a second",
            all(&series(|s| Some(s.done))),
            false,
            units::number,
        ),
        over_time(
            "CPU of the service",
            "cores",
            all(&series(|s| s.server_cores)),
            false,
            units::number,
        ),
        over_time(
            "Memory of the service",
            "resident",
            all(&series(mebibytes)),
            false,
            |v| format!("{} MiB", units::number(v)),
        ),
    ];
    if records.iter().all(|record| record.scenario == "capacity") {
        let curve = |record: &Record| curve(record, |step| step.p99);
        plots.insert(0, rate_plot(all(&curve)));
    }
    plots
}

fn mebibytes(row: &Sample) -> Option<f64> {
    row.server_rss.map(|bytes| float(bytes) / 1_048_576.0)
}

fn line(name: &str, rows: &[Sample], of: fn(&Sample) -> Option<f64>) -> Line {
    Line::new(name, rows.iter().map(|row| (row.at, of(row))).collect())
}

fn ys(lines: &[Line]) -> impl Iterator<Item = f64> {
    lines.iter().flat_map(|l| &l.points).filter_map(|p| p.1)
}

fn xs(lines: &[Line]) -> impl Iterator<Item = f64> {
    lines.iter().flat_map(|l| &l.points).map(|p| p.0)
}

fn over_time(
    title: &str,
    hint: &str,
    lines: Vec<Line>,
    is_log: bool,
    show: fn(f64) -> String,
) -> Plot {
    Plot {
        title: title.to_owned(),
        hint: hint.to_owned(),
        x: Axis::time(xs(&lines), |s| format!("{} s", units::number(s))),
        y: if is_log {
            Axis::log(ys(&lines), show)
        } else {
            Axis::linear(ys(&lines), show)
        },
        lines,
    }
}

fn latency_plot(lines: Vec<Line>, headline: Option<&Latency>) -> Plot {
    let count = headline.map_or(0, |latency| latency.count);
    Plot {
        title: "Latency by percentile".to_owned(),
        hint: format!("of {}; the further right, the rarer", units::count(count)),
        x: Axis::nines(highest(count)),
        y: Axis::log(ys(&lines), units::time),
        lines,
    }
}

/// The highest quantile that is more than one sample.
fn highest(count: u64) -> f64 {
    (1.0 - 1.0 / float(count.max(10))).min(0.99999)
}

fn percentiles(latency: &Latency) -> Points {
    let Some(histogram) = latency.histogram() else {
        return Vec::new();
    };
    let top = -(1.0 - highest(latency.count)).log10();
    let steps = whole(top / NINES_STEP);
    (0..=steps)
        .map(|step| {
            let quantile = 1.0 - 10_f64.powf(-float(step) * NINES_STEP);
            let value = float(histogram.value_at_quantile(quantile)) / 1e6;
            (quantile, Some(value))
        })
        .collect()
}

fn capacity(record: &Record) -> Plot {
    rate_plot(vec![
        Line::new("p99", curve(record, |step| step.p99)),
        Line::new("p50", curve(record, |step| step.p50)),
    ])
}

fn rate_plot(lines: Vec<Line>) -> Plot {
    Plot {
        title: "Capacity".to_owned(),
        hint: "latency against the rate that was offered".to_owned(),
        x: Axis::linear(xs(&lines), |r| format!("{}/s", units::number(r))),
        y: Axis::log(ys(&lines), units::time),
        lines,
    }
}

/// A figure of the steps, by offered rate.
fn curve(record: &Record, of: fn(&crate::report::record::Step) -> Option<f64>) -> Points {
    let mut points: Points = record
        .steps
        .iter()
        .filter_map(|step| Some((step.totals.offered_rate?, of(step))))
        .collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    points
}
