//! Everything that is known of a run, as it stands in the --json file.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer as _, V2DeflateSerializer};
use serde::{Deserialize, Serialize};

use crate::measure::latency::Phase;
use crate::number::{float, ratio};
use crate::report::series::Sample;
use crate::report::units::percent;
use crate::run::lap::{Lap, Load, ServerCost};
use crate::watch::machine::Machine;
use crate::watch::own::OwnShares;

/// The version of this layout. Additions do not change it.
pub(crate) const SCHEMA: u32 = 1;

/// A run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) tool: String,
    pub(crate) schema: u32,
    pub(crate) scenario: String,
    pub(crate) command: String,
    /// When it began, as RFC 3339 in UTC.
    pub(crate) began: String,
    /// A name that no other run has; of several that were added up, those of all.
    #[serde(default)]
    pub(crate) runs: Vec<String>,
    /// How long all of it took.
    pub(crate) seconds: f64,
    pub(crate) interrupted: bool,
    pub(crate) machine: Machine,
    pub(crate) target: String,
    /// What one operation is: "sign-in", "message", "tunnel".
    pub(crate) operation: String,
    /// The latency that the figures are about.
    pub(crate) headline: String,
    /// How the run was told to be, by option: what must be alike where runs are added up.
    #[serde(default)]
    pub(crate) settings: BTreeMap<String, String>,
    /// None of several laps, nor in older files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) load: Option<Load>,
    pub(crate) totals: Totals,
    pub(crate) latency: BTreeMap<String, Latency>,
    pub(crate) faults: BTreeMap<String, u64>,
    pub(crate) failures: BTreeMap<String, u64>,
    /// What the system or the TLS library said the first time, by the name of the failure.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) causes: BTreeMap<String, String>,
    pub(crate) server: Option<ServerCost>,
    pub(crate) client: OwnShares,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) steps: Vec<Step>,
    /// What a scenario found out beyond the common figures.
    pub(crate) findings: Vec<Finding>,
    pub(crate) verdict: Verdict,
    pub(crate) series: Vec<Sample>,
}

/// Counts of the measured window.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Totals {
    /// Length of the window.
    pub(crate) seconds: f64,
    pub(crate) offered: u64,
    /// Until the last operation fell due.
    pub(crate) offered_seconds: f64,
    /// In a second; none in a closed loop, which offers nothing.
    pub(crate) offered_rate: Option<f64>,
    pub(crate) started: u64,
    pub(crate) done: u64,
    pub(crate) done_rate: f64,
    pub(crate) failed: u64,
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
    pub(crate) stalls: u64,
    pub(crate) pings: u64,
    pub(crate) held_back: u64,
}

impl Totals {
    pub(crate) fn of(lap: &Lap, offered_rate: Option<f64>) -> Self {
        let tally = &lap.tally;
        Self {
            seconds: lap.seconds,
            offered: tally.offered,
            offered_seconds: lap.offered_seconds,
            offered_rate,
            started: tally.started,
            done: tally.done,
            done_rate: lap.rate(),
            failed: tally.failed,
            messages: tally.messages,
            bytes: tally.bytes,
            stalls: tally.stalls,
            pings: tally.pings,
            held_back: tally.held_back,
        }
    }

    /// Failed operations, from 0 to 1.
    pub(crate) fn error_share(&self) -> f64 {
        ratio(float(self.failed), float(self.done + self.failed))
    }

    /// Operations that succeeded, of those that fell due, from 0 to 1. What was only done long after
    /// everything had fallen due counts less: a service that needs twice the time achieves half.
    pub(crate) fn achieved_share(&self) -> f64 {
        let in_time = ratio(self.offered_seconds, self.seconds).min(1.0);
        let share = ratio(float(self.done), float(self.offered));
        if in_time > 0.0 {
            share * in_time
        } else {
            share
        }
    }
}

/// A latency, in milliseconds, and its whole histogram in nanoseconds (`HdrHistogram` V2, deflated,
/// base64).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Latency {
    pub(crate) count: u64,
    pub(crate) mean: f64,
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    /// Older files do not have it.
    pub(crate) p95: Option<f64>,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) p9999: f64,
    pub(crate) max: f64,
    pub(crate) histogram: String,
}

impl Latency {
    pub(crate) fn of(histogram: &Histogram<u64>) -> Self {
        let at = |q| float(histogram.value_at_quantile(q)) / 1e6;
        let mut bytes = Vec::new();
        // Writing into memory does not fail; a reader treats no histogram as an empty one.
        let _ = V2DeflateSerializer::new().serialize(histogram, &mut bytes);
        Self {
            count: histogram.len(),
            mean: histogram.mean() / 1e6,
            p50: at(0.5),
            p90: at(0.9),
            p95: Some(at(0.95)),
            p99: at(0.99),
            p999: at(0.999),
            p9999: at(0.9999),
            max: float(histogram.max()) / 1e6,
            histogram: BASE64.encode(&bytes),
        }
    }

    /// The whole histogram, if it is readable.
    pub(crate) fn histogram(&self) -> Option<Histogram<u64>> {
        let bytes = BASE64.decode(self.histogram.as_bytes()).ok()?;
        Deserializer::new().deserialize(&mut bytes.as_slice()).ok()
    }
}

/// A rate that was tried, or an attack that was made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) totals: Totals,
    pub(crate) p50: Option<f64>,
    pub(crate) p99: Option<f64>,
    pub(crate) server: Option<ServerCost>,
    pub(crate) client: OwnShares,
    /// What was wrong with it; nothing when it held.
    pub(crate) failed: Vec<String>,
}

impl Step {
    /// A lap as one step of several.
    pub(crate) fn of(
        name: String,
        lap: &Lap,
        totals: Totals,
        headline: Phase,
        failed: Vec<String>,
    ) -> Self {
        let histogram = lap.headline(headline);
        let at = |q| histogram.map(|h| float(h.value_at_quantile(q)) / 1e6);
        Self {
            name,
            totals,
            p50: at(0.5),
            p99: at(0.99),
            server: lap.server,
            client: lap.own,
            failed,
        }
    }
}

/// A named result.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Finding {
    /// For machines, such as `rss_per_tunnel_bytes`.
    pub(crate) name: String,
    /// None where there was nothing to measure.
    pub(crate) value: Option<f64>,
    /// For people.
    pub(crate) text: String,
}

impl Finding {
    pub(crate) fn new(name: &str, value: impl Into<Option<f64>>, text: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            value: value.into(),
            text: text.into(),
        }
    }
}

/// How a run is to be taken.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Verdict {
    pub(crate) outcome: Outcome,
    /// Why the run failed, beside gates: no rate held, or the service's process died.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) reasons: Vec<String>,
    /// Why the harness was the limit; then the figures are a lower bound for the service.
    pub(crate) harness_limits: Vec<String>,
    pub(crate) gates: Vec<GateResult>,
}

impl Record {
    /// The verdict in a few words. What failed without failing the run is named, because whoever
    /// reads no further must not take it for success.
    pub(crate) fn verdict_text(&self) -> String {
        let failed = match self.verdict.outcome {
            Outcome::Passed => return self.passed_text(),
            Outcome::NothingSucceeded => "nothing succeeded",
            Outcome::GateFailed if self.verdict.gates.iter().any(|gate| gate.failed) => "a gate",
            Outcome::GateFailed => "",
            Outcome::Incorrect => "the service broke its word",
        };
        let reasons = self.verdict.reasons.iter().map(String::as_str);
        let all: Vec<&str> = std::iter::once(failed)
            .filter(|text| !text.is_empty())
            .chain(reasons)
            .collect();
        format!("failed: {}", all.join("; "))
    }

    fn passed_text(&self) -> String {
        let mut but = Vec::new();
        if self.totals.failed > 0 {
            but.push(format!("{} failed", percent(self.totals.error_share())));
        }
        if !self.verdict.harness_limits.is_empty() {
            but.push("the harness was the limit".to_owned());
        }
        match but.as_slice() {
            [] => "passed".to_owned(),
            but => format!("passed, but {}", but.join(" and ")),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Passed,
    /// No operation succeeded, so there is nothing to judge.
    NothingSucceeded,
    /// A gate, or what the verdict's reasons say.
    GateFailed,
    /// The service broke its word.
    Incorrect,
}

impl Outcome {
    /// Of a run with these faults, and so many operations done; `failed` is for any other reason.
    pub(crate) fn of(faults: &BTreeMap<String, u64>, done: u64, failed: bool) -> Self {
        if !faults.is_empty() {
            Self::Incorrect
        } else if done == 0 {
            Self::NothingSucceeded
        } else if failed {
            Self::GateFailed
        } else {
            Self::Passed
        }
    }

    pub(crate) const fn exit_code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::NothingSucceeded | Self::GateFailed => 1,
            Self::Incorrect => 3,
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct GateResult {
    pub(crate) gate: String,
    pub(crate) value: Option<f64>,
    pub(crate) failed: bool,
}
