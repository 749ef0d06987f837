//! Runs side by side, with ratios to the first.

use crate::number::{float, ratio};
use crate::report::record::{Latency, Outcome, Record};
use crate::report::units::{byte_count, number, percent, time};

/// A figure of every run.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    /// For people; a dash where a run has no such figure.
    pub(crate) values: Vec<String>,
    /// To the first run's, where both have the figure.
    pub(crate) ratios: Vec<Option<f64>>,
}

/// Every figure that at least one of the runs has.
pub(crate) fn rows(records: &[Record]) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut add =
        |name: &str, of: &dyn Fn(&Record) -> Option<f64>, show: &dyn Fn(f64) -> String| {
            let values: Vec<Option<f64>> = records.iter().map(of).collect();
            if values.iter().all(Option::is_none) {
                return;
            }
            let first = values.first().copied().flatten();
            let to_first = |value: &Option<f64>| match (first, *value) {
                (Some(first), Some(value)) if first != 0.0 => Some(ratio(value, first)),
                _ => None,
            };
            rows.push(Row {
                name: name.to_owned(),
                ratios: values.iter().map(to_first).collect(),
                values: values
                    .iter()
                    .map(|value| value.map_or_else(|| "-".to_owned(), show))
                    .collect(),
            });
        };
    let per_second = |value: f64| format!("{}/s", number(value));
    add("offered", &|r| r.totals.offered_rate, &per_second);
    add("achieved", &|r| Some(r.totals.done_rate), &per_second);
    add("errors", &|r| Some(r.totals.error_share()), &percent);
    let headline = |of: fn(&Latency) -> f64| {
        move |record: &Record| record.latency.get(&record.headline).map(of)
    };
    add("p50", &headline(|l| l.p50), &time);
    add("p90", &headline(|l| l.p90), &time);
    let p95 = |r: &Record| r.latency.get(&r.headline)?.p95;
    add("p95", &p95, &time);
    add("p99", &headline(|l| l.p99), &time);
    add("p99.9", &headline(|l| l.p999), &time);
    add("max", &headline(|l| l.max), &time);
    add("mean", &headline(|l| l.mean), &time);
    let cpu = |r: &Record| r.server?.cpu_per_operation(r.totals.done);
    add("service CPU an operation", &cpu, &time);
    add("service cores", &|r| Some(r.server?.busy_cores), &number);
    let memory = |r: &Record| Some(float(r.server?.rss_after));
    let show_bytes = |value: f64| byte_count(crate::number::whole(value));
    add("service memory", &memory, &show_bytes);
    let faults = |r: &Record| Some(float(r.faults.values().sum()));
    add("faults", &faults, &number);
    let mut names: Vec<&str> = Vec::new();
    for finding in records.iter().flat_map(|r| &r.findings) {
        if !names.contains(&finding.name.as_str()) {
            names.push(&finding.name);
        }
    }
    for name in names {
        let of = |r: &Record| r.findings.iter().find(|f| f.name == name)?.value;
        add(&name.replace('_', " "), &of, &number);
    }
    rows
}

type Text = fn(&Record) -> String;

/// What stands above the figures.
const TEXTS: [(&str, Text); 2] = [
    ("scenario", |record| record.scenario.clone()),
    ("verdict", |record| match record.verdict.outcome {
        Outcome::Passed if record.verdict.harness_limits.is_empty() => "passed".to_owned(),
        Outcome::Passed => "harness limit".to_owned(),
        _ => "failed".to_owned(),
    }),
];

/// The rows as cells, under the runs' names.
pub(crate) fn cells(names: &[String], records: &[Record]) -> Vec<Vec<String>> {
    let mut head = vec![String::new()];
    for (at, name) in names.iter().enumerate() {
        head.push(name.clone());
        if at > 0 {
            head.push("ratio".to_owned());
        }
    }
    let mut all = vec![head];
    // A ratio of different things, or to a run that says nothing of the service, must not look
    // like one.
    for (name, of) in TEXTS {
        let mut cells = vec![name.to_owned()];
        for (at, record) in records.iter().enumerate() {
            cells.push(of(record));
            if at > 0 {
                cells.push(String::new());
            }
        }
        all.push(cells);
    }
    for row in rows(records) {
        let mut cells = vec![row.name];
        for (at, (value, ratio)) in row.values.into_iter().zip(row.ratios).enumerate() {
            cells.push(value);
            if at > 0 {
                cells.push(ratio.map_or_else(|| "-".to_owned(), |r| format!("x {r:.2}")));
            }
        }
        all.push(cells);
    }
    all
}
