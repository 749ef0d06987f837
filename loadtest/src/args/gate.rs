//! Gates: conditions that fail a run, such as `p99>50ms`.

use std::fmt;
use std::str::FromStr;

use crate::number::float;

/// A figure that a gate may look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Figure {
    /// Latency in milliseconds at a quantile.
    Latency(Quantile),
    /// Mean latency, in milliseconds.
    Mean,
    /// Failed operations, in percent of all.
    Errors,
    /// Operations that succeeded in a second.
    Rate,
    /// Operations that succeeded, in percent of those that fell due.
    Achieved,
    /// Messages that stalled.
    Stalls,
    /// CPU time of the service for an operation, in microseconds.
    CpuPerOp,
    /// Memory of the service at the end, in bytes.
    Rss,
    /// Memory of the service for an idle tunnel, in bytes.
    RssPerTunnel,
    /// Growth of the service's memory, in bytes an hour.
    RssSlope,
    /// Growth of the service's open files, an hour.
    FdsSlope,
}

/// A quantile, in units of a ten-thousandth, so that it compares exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quantile(u32);

impl Quantile {
    /// From 0 to 1.
    pub(crate) fn fraction(self) -> f64 {
        f64::from(self.0) / 10_000.0
    }
}

/// A condition that fails a run when it is true.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Gate {
    text: String,
    pub(crate) figure: Figure,
    above: bool,
    limit: f64,
}

impl Gate {
    /// Whether this value fails the run.
    pub(crate) fn fails(&self, value: f64) -> bool {
        if self.above {
            value > self.limit
        } else {
            value < self.limit
        }
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

const NAMES: &str = "p50, p90, p95, p99, p99.9, p99.99, max, mean, errors, rate, achieved, stalls, \
                     cpu-per-op, rss, rss-per-tunnel, rss-slope, fds-slope";

impl FromStr for Gate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let (name, above, value) = if let Some((name, value)) = compact.split_once('>') {
            (name, true, value)
        } else if let Some((name, value)) = compact.split_once('<') {
            (name, false, value)
        } else {
            return Err("write a name, > or <, and a limit, such as p99>50ms".to_owned());
        };
        let figure = figure(name).ok_or_else(|| format!("{name:?} is not one of {NAMES}"))?;
        Ok(Self {
            text: compact.clone(),
            figure,
            above,
            limit: limit(figure, value)?,
        })
    }
}

fn figure(name: &str) -> Option<Figure> {
    Some(match name {
        "mean" => Figure::Mean,
        "max" => Figure::Latency(Quantile(10_000)),
        "errors" => Figure::Errors,
        "rate" => Figure::Rate,
        "achieved" => Figure::Achieved,
        "stalls" => Figure::Stalls,
        "cpu-per-op" => Figure::CpuPerOp,
        "rss" => Figure::Rss,
        "rss-per-tunnel" => Figure::RssPerTunnel,
        "rss-slope" => Figure::RssSlope,
        "fds-slope" => Figure::FdsSlope,
        "p50" => Figure::Latency(Quantile(5000)),
        "p90" => Figure::Latency(Quantile(9000)),
        "p95" => Figure::Latency(Quantile(9500)),
        "p99" => Figure::Latency(Quantile(9900)),
        "p99.9" => Figure::Latency(Quantile(9990)),
        "p99.99" => Figure::Latency(Quantile(9999)),
        _ => return None,
    })
}

/// The limit in the figure's own unit.
fn limit(figure: Figure, text: &str) -> Result<f64, String> {
    match figure {
        Figure::Latency(_) | Figure::Mean => milliseconds(text),
        Figure::CpuPerOp => milliseconds(text).map(|ms| ms * 1000.0),
        Figure::Errors | Figure::Achieved => text
            .strip_suffix('%')
            .and_then(positive)
            .ok_or_else(|| format!("{text:?} is not a percentage, such as 0.1%")),
        Figure::Rss | Figure::RssPerTunnel | Figure::RssSlope => bytes(text),
        Figure::Rate | Figure::Stalls | Figure::FdsSlope => {
            positive(text).ok_or_else(|| format!("{text:?} is not a number of 0 or more"))
        }
    }
}

fn positive(text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok()?;
    (value.is_finite() && value >= 0.0).then_some(value)
}

fn milliseconds(text: &str) -> Result<f64, String> {
    // humantime takes whole numbers only, and limits such as 1.5ms are common.
    for (unit, factor) in [("us", 0.001), ("µs", 0.001), ("ms", 1.0), ("s", 1000.0)] {
        if let Some(value) = text.strip_suffix(unit).and_then(positive) {
            return Ok(value * factor);
        }
    }
    Err(format!(
        "{text:?} is not a time, such as 800us, 50ms or 1.5s"
    ))
}

fn bytes(text: &str) -> Result<f64, String> {
    let units = [
        ("KiB", 1_u64 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("B", 1),
    ];
    for (unit, factor) in units {
        if let Some(value) = text.strip_suffix(unit).and_then(positive) {
            return Ok(value * float(factor));
        }
    }
    Err(format!("{text:?} is not a size, such as 12KiB or 200MiB"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_are_read_with_their_units() {
        let gate: Gate = "p99 > 50ms".parse().unwrap();
        assert_eq!(gate.to_string(), "p99>50ms");
        assert!(!gate.fails(50.0), "at the limit");
        assert!(gate.fails(50.01), "past it");
        let gate: Gate = "achieved<97%".parse().unwrap();
        assert!(gate.fails(96.9));
        assert!(!gate.fails(97.0));
        let gate: Gate = "cpu-per-op>120us".parse().unwrap();
        assert!(gate.fails(121.0));
        let gate: Gate = "rss>1.5MiB".parse().unwrap();
        assert!(gate.fails(1_572_865.0));
        assert!(!gate.fails(1_572_864.0));
    }

    #[test]
    fn what_is_not_a_gate_says_what_to_write() {
        for (text, hint) in [
            ("p99", "such as p99>50ms"),
            ("p98>5ms", "is not one of"),
            ("p99>50", "is not a time"),
            ("errors>0.1", "is not a percentage"),
            ("rss>5", "is not a size"),
            ("rate<-1", "0 or more"),
        ] {
            let error = text.parse::<Gate>().unwrap_err();
            assert!(error.contains(hint), "{text}: {error}");
        }
    }
}
