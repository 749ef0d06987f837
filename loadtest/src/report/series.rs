//! The time series: a row for each interval, in bounded number.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::measure::tally::Tally;
use crate::number::{float, ratio};

/// Rows for a whole run: a plot shows no more, and a week's run must not fill the memory.
const ROWS_MAX: u32 = 3600;

/// One interval. Rates are per second; latencies in milliseconds.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Sample {
    /// Its end, in seconds since the run began.
    pub(crate) at: f64,
    /// Whether it is part of the measured window.
    pub(crate) measured: bool,
    pub(crate) offered: f64,
    pub(crate) done: f64,
    pub(crate) failed: f64,
    pub(crate) messages: f64,
    pub(crate) in_flight: u64,
    pub(crate) p50: Option<f64>,
    pub(crate) p99: Option<f64>,
    pub(crate) max: Option<f64>,
    pub(crate) server_cores: Option<f64>,
    pub(crate) server_rss: Option<u64>,
    pub(crate) server_fds: Option<u64>,
    /// How busy the busiest driving thread was, from 0 to 1.
    pub(crate) client_busy: f64,
    /// How long one was ready but had no CPU, from 0 to 1.
    pub(crate) client_waiting: f64,
}

impl Sample {
    pub(crate) fn between(before: &Tally, after: &Tally, seconds: f64) -> Self {
        let (then, now) = (before.live, after.live);
        let rate = |before: u64, after: u64| ratio(float(after.saturating_sub(before)), seconds);
        let recent = after.recent.as_ref().filter(|h| !h.is_empty());
        let quantile = |q| recent.map(|h| float(h.value_at_quantile(q)) / 1e6);
        Self {
            offered: rate(then.offered, now.offered),
            done: rate(then.done, now.done),
            failed: rate(then.failed, now.failed),
            messages: rate(then.messages, now.messages),
            in_flight: now.in_flight,
            p50: quantile(0.5),
            p99: quantile(0.99),
            max: quantile(1.0),
            ..Self::default()
        }
    }
}

/// Rows so far.
#[derive(Debug)]
pub(crate) struct Series {
    interval: Duration,
    rows: Vec<Sample>,
}

impl Series {
    /// Takes longer intervals than asked when the planned run would have too many.
    pub(crate) fn new(interval: Duration, planned: Duration) -> Self {
        Self {
            interval: interval
                .max(planned / ROWS_MAX)
                .max(Duration::from_millis(10)),
            rows: Vec::new(),
        }
    }

    pub(crate) fn interval(&self) -> Duration {
        self.interval
    }

    pub(crate) fn push(&mut self, sample: Sample) {
        self.rows.push(sample);
    }

    /// A last row that is much shorter than the others would only show noise.
    pub(crate) fn push_last(&mut self, sample: Sample) {
        let since = sample.at - self.rows.last().map_or(0.0, |row| row.at);
        if self.rows.is_empty() || since > self.interval.as_secs_f64() / 2.0 {
            self.rows.push(sample);
        }
    }

    pub(crate) fn rows(&self) -> &[Sample] {
        &self.rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_has_no_more_rows_than_a_plot() {
        let hour = Duration::from_hours(1);
        let second = Duration::from_secs(1);
        assert_eq!(Series::new(second, hour).interval(), second);
        assert_eq!(Series::new(second, hour * 24).interval(), second * 24);
    }
}
