//! The report as one page that opens anywhere: no script, no font, no network.

mod plots;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::fault::explain;
use crate::report::compare;
use crate::report::escape::escape;
use crate::report::record::{Outcome, Record};
use crate::report::table;
use crate::report::units::{cores, count, number, percent, time};

const STYLE: &str = include_str!("html/page.css");

/// A page for one run, or for several side by side.
pub(crate) fn page(names: &[String], records: &[Record]) -> String {
    let (title, body) = match records {
        [one] => (format!("{} at {}", one.scenario, one.target), run(one)),
        several => ("comparison".to_owned(), comparison(names, several)),
    };
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         <title>hawser-loadtest: {}</title>\n<style>\n{STYLE}</style></head>\n<body><main>\n\
         {body}</main></body></html>\n",
        escape(&title)
    )
}

fn run(record: &Record) -> String {
    let mut out = head(record);
    out += &verdict(record);
    out += &tiles(record);
    out += "<section class=\"plots\">\n";
    for plot in plots::of_one(record) {
        out += &plot.render();
    }
    out += "</section>\n";
    out += &section("Latency", &cells(&table::latencies(record), true));
    if !record.steps.is_empty() {
        out += &section("Steps", &cells(&table::steps(&record.steps), true));
    }
    if !record.findings.is_empty() {
        let mut items = String::new();
        for finding in &record.findings {
            // Writing into a string does not fail.
            let _ = writeln!(items, "<li>{}</li>", escape(&finding.text));
        }
        out += &section("Findings", &format!("<ul>{items}</ul>"));
    }
    for (title, counts) in [("Failures", &record.failures), ("Faults", &record.faults)] {
        if !counts.is_empty() {
            out += &section(title, &kinds(counts, &record.causes));
        }
    }
    out += &section("Counts", &cells(&table::totals(record), false));
    out += &section(
        "Command",
        &format!("<pre>hawser-loadtest {}</pre>", escape(&record.command)),
    );
    out
}

/// Faults or failures with their counts and meanings.
fn kinds(counts: &BTreeMap<String, u64>, causes: &BTreeMap<String, String>) -> String {
    let mut out = String::from("<ul>\n");
    for (name, n) in counts {
        let cause = causes.get(name);
        let cause = cause.map_or_else(String::new, |text| format!(" (first: {})", escape(text)));
        let (name, n, text) = (escape(name), count(*n), explain(name));
        // Writing into a string does not fail.
        let _ = writeln!(out, "<li><b>{name}</b> {n} times: {text}{cause}</li>");
    }
    out += "</ul>\n";
    out
}

fn comparison(names: &[String], records: &[Record]) -> String {
    let mut out = String::from("<header><h1>Runs side by side</h1></header>\n");
    out += &section("Figures", &cells(&compare::cells(names, records), true));
    out += "<section class=\"plots\">\n";
    for plot in plots::of_several(names, records) {
        out += &plot.render();
    }
    out += "</section>\n";
    for (name, record) in names.iter().zip(records) {
        let text = format!(
            "<p>{}, {}, {}: {}</p><pre>hawser-loadtest {}</pre>",
            escape(&record.began),
            escape(&record.machine.processor),
            cores(record.machine.cores),
            escape(&record.verdict_text()),
            escape(&record.command)
        );
        out += &section(name, &text);
    }
    out
}

fn head(record: &Record) -> String {
    let machine = &record.machine;
    format!(
        "<header><h1>{} <span>at {}</span></h1>\n<p>{} &middot; {} s &middot; {} of {} \
         &middot; {} &middot; {}</p></header>\n",
        escape(&record.scenario),
        escape(&record.target),
        escape(&record.began),
        number(record.totals.seconds),
        cores(machine.cores),
        escape(&machine.processor),
        escape(&machine.system),
        escape(&record.tool)
    )
}

fn verdict(record: &Record) -> String {
    let verdict = &record.verdict;
    let class = match verdict.outcome {
        Outcome::Passed if verdict.harness_limits.is_empty() && record.totals.failed == 0 => "good",
        Outcome::Passed => "fair",
        _ => "bad",
    };
    let mut out = format!(
        "<section class=\"verdict {class}\"><strong>{}</strong>",
        escape(&record.verdict_text())
    );
    for gate in &verdict.gates {
        let value = gate.value.map_or_else(|| "unknown".to_owned(), number);
        let state = if gate.failed { "failed" } else { "ok" };
        let text = format!("gate {}: {state} ({value})", gate.gate);
        let _ = write!(out, "<p>{}</p>", escape(&text));
    }
    for limit in &verdict.harness_limits {
        let _ = write!(out, "<p>The harness was the limit: {}.</p>", escape(limit));
    }
    if record.interrupted {
        out += "<p>Interrupted: this is the report so far.</p>";
    }
    out += "</section>\n";
    out
}

fn tiles(record: &Record) -> String {
    let totals = &record.totals;
    let mut tiles = vec![("achieved", format!("{}/s", number(totals.done_rate)))];
    if let Some(rate) = totals.offered_rate {
        tiles.insert(0, ("offered", format!("{}/s", number(rate))));
    }
    if let Some(latency) = record.latency.get(&record.headline) {
        tiles.push(("p50", time(latency.p50)));
        tiles.push(("p99", time(latency.p99)));
        tiles.push(("max", time(latency.max)));
    }
    tiles.push(("errors", percent(totals.error_share())));
    tiles.push(("faults", count(record.faults.values().sum())));
    let operation = format!("service CPU a {}", record.operation);
    if let Some(server) = &record.server {
        let each = server.cpu_per_operation(totals.done);
        tiles.push((&operation, each.map_or_else(|| "-".to_owned(), time)));
    }
    let mut out = String::from("<section class=\"tiles\">\n");
    for (name, value) in tiles {
        let (name, value) = (escape(name), escape(&value));
        let _ = writeln!(out, "<div><span>{name}</span><b>{value}</b></div>");
    }
    out += "</section>\n";
    out
}

fn section(title: &str, body: &str) -> String {
    format!("<section><h2>{}</h2>\n{body}</section>\n", escape(title))
}

fn cells(rows: &[Vec<String>], has_head: bool) -> String {
    let mut out = String::from("<div class=\"scroll\"><table>\n");
    for (at, row) in rows.iter().enumerate() {
        let tag = if has_head && at == 0 { "th" } else { "td" };
        out += "<tr>";
        for cell in row {
            let _ = write!(out, "<{tag}>{}</{tag}>", escape(cell));
        }
        out += "</tr>\n";
    }
    out += "</table></div>\n";
    out
}
