//! Whether the harness itself is the limit. Blaming a service for the tool's own lateness is the
//! commonest lie of load tests.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::fault::Failure;
use crate::measure::clock::nanoseconds;
use crate::measure::latency::Phase;
use crate::measure::tally::Tally;
use crate::number::{float, ratio};
use crate::run::worker::Worker;
use crate::watch::process::ThreadTime;

/// A thread that runs so much of the time has no room left.
const BUSY: f64 = 0.9;

/// A thread that waits for a CPU so much of the time does so at the service's expense.
const WAITING: f64 = 0.1;

/// Starts later than this, and than a tenth of the latency, distort it.
const LAG: Duration = Duration::from_millis(1);

/// A table of connections this full drops packets soon.
const TRACKED: f64 = 0.9;

/// How the driving threads have spent their time so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct OwnTime(Vec<ThreadTime>);

/// Shares of a stretch of time, from 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct OwnShares {
    /// How busy the busiest driving thread was.
    pub(crate) busy: f64,
    /// How long the one that fared worst was ready but had no CPU.
    pub(crate) waiting: f64,
}

impl OwnTime {
    pub(crate) fn of(workers: &[Arc<Worker>]) -> Self {
        Self(workers.iter().map(|w| w.thread_time()).collect())
    }

    /// The shares of the `nanoseconds` since an earlier moment.
    pub(crate) fn since(&self, earlier: &Self, nanoseconds: u64) -> OwnShares {
        let zero = ThreadTime::default();
        let mut shares = OwnShares::default();
        for (at, now) in self.0.iter().enumerate() {
            let then = earlier.0.get(at).unwrap_or(&zero);
            let share = |now: u64, then: u64| {
                ratio(float(now.saturating_sub(then)), float(nanoseconds)).min(1.0)
            };
            shares.busy = shares.busy.max(share(now.running, then.running));
            shares.waiting = shares.waiting.max(share(now.waiting, then.waiting));
        }
        shares
    }
}

/// Why the harness was the limit, in words; nothing when it was not.
pub(crate) fn limits(shares: OwnShares, tally: &Tally, tracked: Option<f64>) -> Vec<String> {
    let mut limits = Vec::new();
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    if shares.busy >= BUSY {
        limits.push(format!(
            "a driving thread was busy {} of the time: give it more --threads or less to do",
            percent(shares.busy)
        ));
    }
    if shares.waiting >= WAITING {
        limits.push(format!(
            "a driving thread waited {} of the time for a CPU: give the harness cores of its own",
            percent(shares.waiting)
        ));
    }
    let p99 = |phase| {
        let histogram = tally.latency.get(&phase);
        histogram.map_or(0, |h| h.value_at_quantile(0.99))
    };
    let lag = p99(Phase::Lag);
    if lag > nanoseconds(LAG) && lag > p99(Phase::Operation).max(p99(Phase::Message)) / 10 {
        limits.push(format!(
            "operations began {:.1} ms late at p99, and latencies contain that",
            float(lag) / 1e6
        ));
    }
    let own = |kind: Failure| -> u64 {
        let all = tally.failures.iter();
        all.filter(|((failure, _), _)| *failure == kind)
            .map(|(_, count)| count)
            .sum()
    };
    for failure in [Failure::NoFiles, Failure::NoPorts] {
        if own(failure) > 0 {
            limits.push(format!("{} times {}", own(failure), failure.text()));
        }
    }
    if let Some(tracked) = tracked.filter(|share| *share >= TRACKED) {
        limits.push(format!(
            "the kernel's table of tracked connections is {} full: use --reset, or wait between \
             runs",
            percent(tracked)
        ));
    }
    limits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(busy: f64, waiting: f64) -> OwnShares {
        OwnShares { busy, waiting }
    }

    #[test]
    fn each_limit_is_named_at_its_threshold_and_not_below() {
        let calm = Tally::default();
        assert_eq!(limits(shares(0.89, 0.09), &calm, Some(0.89)), [""; 0]);
        assert!(limits(shares(0.9, 0.0), &calm, None)[0].contains("busy 90 %"));
        assert!(limits(shares(0.0, 0.1), &calm, None)[0].contains("waited 10 %"));
        assert!(limits(shares(0.0, 0.0), &calm, Some(0.9))[0].contains("90 % full"));
    }

    #[test]
    fn exhausted_files_and_ports_are_not_the_services_fault() {
        let mut tally = Tally::default();
        tally.failure(Failure::NoPorts, 0);
        tally.failure(Failure::NoFiles, 0);
        let found = limits(OwnShares::default(), &tally, None);
        assert_eq!(found.len(), 2);
        assert!(found[0].contains("file descriptor"));
        assert!(found[1].contains("source port"));
    }

    #[test]
    fn late_starts_count_also_when_the_service_held_others_back() {
        let mut tally = Tally::default();
        tally.record(Phase::Lag, 5_000_000);
        tally.record(Phase::Operation, 20_000_000);
        assert!(limits(OwnShares::default(), &tally, None)[0].contains("5.0 ms late"));
        tally.held_back = 1;
        assert!(limits(OwnShares::default(), &tally, None)[0].contains("5.0 ms late"));
    }

    #[test]
    fn shares_are_of_the_worst_thread() {
        let time = |running, waiting| ThreadTime { running, waiting };
        let then = OwnTime(vec![time(100, 0), time(100, 0)]);
        let now = OwnTime(vec![time(150, 40), time(190, 10)]);
        assert_eq!(now.since(&then, 100), shares(0.9, 0.4));
    }
}
