//! The final table on standard output.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::fault::explain;
use crate::measure::latency::Phase;
use crate::number::float;
use crate::report::record::{Latency, Record, Step};
use crate::report::units::{byte_count, bytes, cores, count, number, percent, time};

/// Rows of cells under a head, aligned: the first column to the left, the others to the right.
pub(crate) fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|c: &String| c.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::from(" ");
        for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let pad = " ".repeat(width - cell.chars().count());
            // Writing into a string does not fail.
            let _ = match at {
                0 => write!(line, " {cell}{pad}"),
                _ => write!(line, "  {pad}{cell}"),
            };
        }
        out += line.trim_end();
        out.push('\n');
    }
    out
}

/// A run, in a screenful.
pub(crate) fn run(record: &Record) -> String {
    let mut out = String::new();
    // Writing into a string does not fail.
    let _ = writeln!(
        out,
        "\n{} at {}, {} ({}, {})\n",
        record.scenario,
        record.target,
        record.began,
        cores(record.machine.cores),
        record.machine.system
    );
    out += &aligned(&totals(record));
    if !record.latency.is_empty() {
        out.push('\n');
        out += &aligned(&latencies(record));
    }
    if !record.steps.is_empty() {
        out.push('\n');
        out += &aligned(&steps(&record.steps));
    }
    for (title, counts) in [("failures", &record.failures), ("faults", &record.faults)] {
        if !counts.is_empty() {
            let _ = writeln!(out, "\n  {title}");
            out += &explained(counts, &record.causes);
        }
    }
    if !record.findings.is_empty() {
        out.push('\n');
        for finding in &record.findings {
            let _ = writeln!(out, "  {}", finding.text);
        }
    }
    out.push('\n');
    out += &verdict(record);
    out
}

/// Faults or failures as lines: meanings are prose and stand to the left.
fn explained(counts: &BTreeMap<String, u64>, causes: &BTreeMap<String, String>) -> String {
    let names = counts.keys().map(|name| name.chars().count());
    let width = names.max().unwrap_or(0);
    let mut out = String::new();
    for (name, n) in counts {
        let (n, text) = (count(*n), explain(name));
        let cause = causes.get(name);
        let cause = cause.map_or_else(String::new, |cause| format!(" (first: {cause})"));
        // Writing into a string does not fail.
        let _ = writeln!(out, "    {name:<width$}  {n:>7}  {text}{cause}");
    }
    out
}

pub(crate) fn totals(record: &Record) -> Vec<Vec<String>> {
    let totals = &record.totals;
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let mut rows = Vec::new();
    if let Some(rate) = totals.offered_rate {
        rows.push(row("offered", format!("{}/s", number(rate))));
    }
    rows.push(row("achieved", format!("{}/s", number(totals.done_rate))));
    rows.push(row(
        &format!("{}s", record.operation),
        format!("{} in {} s", count(totals.done), number(totals.seconds)),
    ));
    let errors = format!(
        "{} ({})",
        count(totals.failed),
        percent(totals.error_share())
    );
    rows.push(row("errors", errors));
    if totals.held_back > 0 {
        let waited = format!("{} waited for room", count(totals.held_back));
        rows.push(row("held back", waited));
    }
    if totals.messages > 0 && record.operation != "message" {
        rows.push(row("messages", count(totals.messages)));
    }
    if totals.stalls > 0 {
        rows.push(row("stalled messages", count(totals.stalls)));
    }
    if let Some(server) = &record.server {
        let cpu = match server.cpu_per_operation(totals.done) {
            Some(each) => format!(
                "{} cores, {} a {}",
                number(server.busy_cores),
                time(each),
                record.operation
            ),
            None => "too little for its clock to tell".to_owned(),
        };
        rows.push(row("service CPU", cpu));
        rows.push(row(
            "service memory",
            format!(
                "{} -> {}",
                byte_count(server.rss_before),
                byte_count(server.rss_after)
            ),
        ));
        rows.push(row(
            "service files",
            format!(
                "{} -> {}",
                count(server.fds_before),
                count(server.fds_after)
            ),
        ));
    }
    let client = &record.client;
    rows.push(row(
        "client thread",
        format!(
            "{} busy, {} without a CPU",
            percent(client.busy),
            percent(client.waiting)
        ),
    ));
    rows
}

pub(crate) fn latencies(record: &Record) -> Vec<Vec<String>> {
    let head = [
        "latency", "p50", "p90", "p95", "p99", "p99.9", "max", "mean",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    let row = |name: &str, l: &Latency| {
        let p95 = l.p95.map_or_else(|| "-".to_owned(), time);
        let (below, above) = ([l.p50, l.p90], [l.p99, l.p999, l.max, l.mean]);
        let (below, above) = (below.map(time), above.map(time));
        [&[name.to_owned()][..], &below, &[p95], &above].concat()
    };
    if let Some(latency) = record.latency.get(&record.headline) {
        rows.push(row(&record.operation, latency));
    }
    for phase in Phase::ALL {
        let name = phase.label();
        if let Some(latency) = record.latency.get(name).filter(|_| name != record.headline) {
            rows.push(row(&format!("  {}", name.replace('_', " ")), latency));
        }
    }
    rows
}

pub(crate) fn steps(steps: &[Step]) -> Vec<Vec<String>> {
    let head = [
        "step", "achieved", "p50", "p99", "errors", "service", "client", "",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for step in steps {
        let or_none = |ms: Option<f64>| ms.map_or_else(|| "-".to_owned(), time);
        let server = step.server.map_or_else(
            || "-".to_owned(),
            |s| format!("{}, {}", percent(s.busy_cores), bytes(float(s.rss_after))),
        );
        rows.push(vec![
            step.name.clone(),
            format!("{}/s", number(step.totals.done_rate)),
            or_none(step.p50),
            or_none(step.p99),
            percent(step.totals.error_share()),
            server,
            percent(step.client.busy),
            if step.failed.is_empty() {
                "held".to_owned()
            } else {
                step.failed.join(", ")
            },
        ]);
    }
    rows
}

fn verdict(record: &Record) -> String {
    let mut out = String::new();
    let verdict = &record.verdict;
    for gate in &verdict.gates {
        let value = gate.value.map_or_else(|| "unknown".to_owned(), number);
        let state = if gate.failed { "FAILED" } else { "ok" };
        let _ = writeln!(out, "  gate {}: {state} ({value})", gate.gate);
    }
    for limit in &verdict.harness_limits {
        let _ = writeln!(out, "  the harness was the limit: {limit}");
    }
    if !verdict.harness_limits.is_empty() {
        let _ = writeln!(
            out,
            "  so the service can do at least this, and perhaps more; slowness may be the harness's"
        );
    }
    if record.interrupted {
        let _ = writeln!(out, "  interrupted: this is the report so far");
    }
    let _ = writeln!(out, "  {}", record.verdict_text());
    out
}
