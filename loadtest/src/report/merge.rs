//! Adds up what several machines measured at the same time.
//!
//! Percentiles of percentiles mean nothing: histograms are added, and every figure is read from the sum.

mod series;
mod together;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use hdrhistogram::Histogram;

use crate::measure::latency::histogram;
use crate::number::{float, ratio};
use crate::report::record::{Finding, Latency, Outcome, Record, Step, Totals, Verdict};
use crate::report::units::percent;
use crate::watch::own::OwnShares;

/// Scenarios whose figures are counts and times of operations, which add up. Those of the others are
/// about one harness beside one service: a knee, a slope, bytes for each tunnel.
const SCENARIOS: [&str; 3] = ["sign-ins", "churn", "stream"];

/// Runs that share less of their time were not one load. The rest is what clocks and starts by hand
/// differ by.
const TOGETHER: f64 = 0.9;

/// Why runs cannot be added up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MergeError {
    #[error(
        "{0} is a run of {1}, and only sign-ins, churn and stream add up: see them side by side \
         with `report`"
    )]
    Scenario(String, String),
    #[error(
        "{first} and {other} differ in {what}: {ours:?} and {theirs:?}; only runs of one load add \
         up, `report` shows others side by side"
    )]
    Differ {
        first: String,
        other: String,
        what: String,
        ours: String,
        theirs: String,
    },
    #[error("{0} does not say how it was told to be: it is of an older version, make it again")]
    NoSettings(String),
    #[error("{0} is there twice: {1} is or contains the same run, which would count double")]
    Twice(String, String),
    #[error("the histogram of {1} in {0} is damaged or does not match its count")]
    Histogram(String, String),
    #[error("{0} does not say when it began: {1:?}")]
    Began(String, String),
}

/// Several runs as one, with the histograms for gates.
#[derive(Debug)]
pub(crate) struct Merged {
    pub(crate) record: Record,
    /// Of the headline.
    pub(crate) headline: Histogram<u64>,
    pub(crate) begun: SystemTime,
}

/// A run and what it is called.
type Part<'a> = (&'a str, &'a Record);

/// Adds up runs under their names. The outcome is still without gates.
///
/// # Errors
/// When they are not of one load, or a file is damaged.
pub(crate) fn merge(
    names: &[String],
    records: &[Record],
    command: String,
) -> Result<Option<Merged>, MergeError> {
    let parts: Vec<Part<'_>> = names.iter().map(String::as_str).zip(records).collect();
    let Some((first, others)) = parts.split_first() else {
        return Ok(None);
    };
    check(*first, others)?;
    let begun = parts
        .iter()
        .map(|part| begun(*part))
        .collect::<Result<Vec<_>, _>>()?;
    let earliest = begun
        .iter()
        .min()
        .copied()
        .unwrap_or(SystemTime::UNIX_EPOCH);
    let offsets: Vec<f64> = begun
        .iter()
        .map(|at| at.duration_since(earliest).unwrap_or(Duration::ZERO))
        .map(|offset| offset.as_secs_f64())
        .collect();
    let histograms = latencies(&parts)?;
    let mut record = first.1.clone();
    record.command = command;
    record.began = humantime::format_rfc3339_millis(earliest).to_string();
    record.runs = records.iter().flat_map(|r| r.runs.clone()).collect();
    let ends = records
        .iter()
        .zip(&offsets)
        .map(|(r, offset)| offset + r.seconds);
    record.seconds = ends.fold(0.0, f64::max);
    record.interrupted = records.iter().any(|r| r.interrupted);
    let machines: BTreeSet<_> = records.iter().map(|r| &r.machine.processor).collect();
    let machines: Vec<_> = machines.into_iter().map(String::as_str).collect();
    record.machine.processor = format!("{} runs on {}", records.len(), machines.join(" and "));
    record.machine.cores = records.iter().map(|r| r.machine.cores).sum();
    let loads = together::loads(records, &offsets);
    record.load = records
        .iter()
        .all(|r| r.load.is_some())
        .then(|| together::whole(&loads));
    record.totals = totals(records);
    record.latency = histograms
        .iter()
        .map(|(name, sum)| (name.clone(), Latency::of(sum)))
        .collect();
    record.failures = sums(records, |r| &r.failures);
    record.faults = sums(records, |r| &r.faults);
    record.causes = records
        .iter()
        .rev()
        .flat_map(|r| r.causes.clone())
        .collect();
    // All watched the same service, if they did: its time must not count twice.
    record.server = records.iter().find_map(|r| r.server);
    let worst =
        |of: fn(&OwnShares) -> f64| records.iter().map(|r| of(&r.client)).fold(0.0, f64::max);
    record.client = OwnShares {
        busy: worst(|own| own.busy),
        waiting: worst(|own| own.waiting),
    };
    record.steps = parts.iter().map(|part| step(*part)).collect();
    let together = together::overlap(&loads);
    record.findings = findings(&parts, together);
    record.verdict = verdict(&parts, &record, together);
    record.series = series::sum(records, &offsets);
    let headline = histograms.get(&record.headline).cloned();
    Ok(Some(Merged {
        headline: headline.unwrap_or_else(histogram),
        record,
        begun: earliest,
    }))
}

fn check(first: Part<'_>, others: &[Part<'_>]) -> Result<(), MergeError> {
    for (name, record) in std::iter::once(&first).chain(others) {
        if !SCENARIOS.contains(&record.scenario.as_str()) {
            let (name, scenario) = ((*name).to_owned(), record.scenario.clone());
            return Err(MergeError::Scenario(name, scenario));
        }
        if record.settings.is_empty() || record.runs.is_empty() {
            return Err(MergeError::NoSettings((*name).to_owned()));
        }
    }
    for (at, other) in others.iter().enumerate() {
        if let Some((what, ours, theirs)) = differences(first.1, other.1).into_iter().next() {
            return Err(MergeError::Differ {
                first: first.0.to_owned(),
                other: other.0.to_owned(),
                what,
                ours,
                theirs,
            });
        }
        let mut earlier = std::iter::once(&first).chain(others.iter().take(at));
        if let Some(same) = earlier.find(|earlier| shares_a_run(earlier.1, other.1)) {
            return Err(MergeError::Twice(same.0.to_owned(), other.0.to_owned()));
        }
    }
    Ok(())
}

/// Whether two files are of one and the same run, or one of them has the other's in it already.
fn shares_a_run(one: &Record, other: &Record) -> bool {
    one.runs.iter().any(|run| other.runs.contains(run))
}

/// What must be alike and is not: its name, and both values.
fn differences(one: &Record, other: &Record) -> Vec<(String, String, String)> {
    let loop_of = |r: &Record| match r.totals.offered_rate {
        Some(_) => "an open loop".to_owned(),
        None => "a closed loop".to_owned(),
    };
    let fixed = [
        ("version", one.tool.clone(), other.tool.clone()),
        ("scenario", one.scenario.clone(), other.scenario.clone()),
        ("target", one.target.clone(), other.target.clone()),
        ("kind of load", loop_of(one), loop_of(other)),
    ];
    let mut all: Vec<_> = fixed
        .into_iter()
        .map(|(what, ours, theirs)| (what.to_owned(), ours, theirs))
        .collect();
    let names: BTreeSet<_> = one.settings.keys().chain(other.settings.keys()).collect();
    let of = |r: &Record, name| r.settings.get(name).cloned().unwrap_or_default();
    all.extend(
        names
            .into_iter()
            .map(|name| (format!("--{name}"), of(one, name), of(other, name))),
    );
    all.retain(|(_, ours, theirs)| ours != theirs);
    all
}

fn begun((name, record): Part<'_>) -> Result<SystemTime, MergeError> {
    humantime::parse_rfc3339(&record.began)
        .map_err(|_| MergeError::Began(name.to_owned(), record.began.clone()))
}

/// The histograms of all, added up.
fn latencies(parts: &[Part<'_>]) -> Result<BTreeMap<String, Histogram<u64>>, MergeError> {
    let mut sums: BTreeMap<String, Histogram<u64>> = BTreeMap::new();
    for (name, record) in parts {
        for (phase, latency) in &record.latency {
            let damaged = || MergeError::Histogram((*name).to_owned(), phase.clone());
            let theirs = latency.histogram().ok_or_else(damaged)?;
            if theirs.len() != latency.count {
                return Err(damaged());
            }
            let sum = sums.entry(phase.clone()).or_insert_with(histogram);
            sum.add(&theirs).map_err(|_| damaged())?;
        }
    }
    Ok(sums)
}

fn totals(records: &[Record]) -> Totals {
    let sum = |of: fn(&Totals) -> u64| records.iter().map(|r| of(&r.totals)).sum();
    let longest =
        |of: fn(&Totals) -> f64| records.iter().map(|r| of(&r.totals)).fold(0.0, f64::max);
    let (done, seconds) = (sum(|t| t.done), longest(|t| t.seconds));
    Totals {
        seconds,
        offered: sum(|t| t.offered),
        offered_seconds: longest(|t| t.offered_seconds),
        offered_rate: records.iter().map(|r| r.totals.offered_rate).sum(),
        started: sum(|t| t.started),
        done,
        done_rate: ratio(float(done), seconds),
        failed: sum(|t| t.failed),
        messages: sum(|t| t.messages),
        bytes: sum(|t| t.bytes),
        stalls: sum(|t| t.stalls),
        pings: sum(|t| t.pings),
        held_back: sum(|t| t.held_back),
    }
}

fn sums(records: &[Record], of: fn(&Record) -> &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for (name, count) in records.iter().flat_map(of) {
        *sums.entry(name.clone()).or_default() += count;
    }
    sums
}

/// One machine's part, as a row of its own.
fn step((name, record): Part<'_>) -> Step {
    let headline = record.latency.get(&record.headline);
    let failed = match record.verdict.outcome {
        Outcome::Passed => Vec::new(),
        _ => vec![record.verdict_text()],
    };
    Step {
        name: name.to_owned(),
        totals: record.totals,
        p50: headline.map(|l| l.p50),
        p99: headline.map(|l| l.p99),
        server: record.server,
        client: record.client,
        failed,
    }
}

fn findings(parts: &[Part<'_>], together: f64) -> Vec<Finding> {
    let text = format!(
        "all of them ran at once for {} of the time",
        percent(together)
    );
    let mut all = vec![Finding::new("overlap", together, text)];
    let open = parts.iter().flat_map(|(_, record)| &record.findings);
    let open = open.filter(|finding| finding.name == "tunnels_open");
    if let Some(open) = open.map(|finding| finding.value).sum::<Option<f64>>()
        && open > 0.0
    {
        let text = format!(
            "{} tunnels of all machines open at once, on average",
            crate::report::units::number(open)
        );
        all.push(Finding::new("tunnels_open", open, text));
    }
    all
}

fn verdict(parts: &[Part<'_>], record: &Record, together: f64) -> Verdict {
    let named = |of: fn(&Record) -> &Vec<String>| -> Vec<String> {
        let all = parts.iter();
        all.flat_map(|(name, record)| of(record).iter().map(move |text| format!("{name}: {text}")))
            .collect()
    };
    let mut harness_limits = named(|r| &r.verdict.harness_limits);
    if together < TOGETHER {
        harness_limits.push(format!(
            "the runs were not one load: all of them ran at once for only {} of the time",
            percent(together)
        ));
    }
    let reasons = named(|r| &r.verdict.reasons);
    Verdict {
        outcome: Outcome::of(&record.faults, record.totals.done, !reasons.is_empty()),
        reasons,
        harness_limits,
        gates: Vec::new(),
    }
}
