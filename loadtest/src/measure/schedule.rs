//! When operations are due: an open loop does not wait for answers.

use crate::measure::clock::nanoseconds;
use crate::number::{float, whole};
use std::time::Duration;

/// How arrivals are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Spread {
    /// At equal distances.
    Constant,
    /// As independent people arrive: bursts and gaps.
    Poisson,
}

/// The plan of a run's arrivals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// Operations a second, once the ramp is over.
    pub(crate) rate: f64,
    pub(crate) spread: Spread,
    /// Time in which the rate grows from nothing.
    pub(crate) ramp: Duration,
    /// Time at the full rate that is not measured.
    pub(crate) warm_up: Duration,
    /// Time that is measured.
    pub(crate) duration: Duration,
    /// Operations that are measured, at most: ramp and warm-up come on top.
    pub(crate) count: Option<u64>,
}

impl Plan {
    /// When measuring begins, in nanoseconds from the start.
    pub(crate) fn measured_from(&self) -> u64 {
        nanoseconds(self.ramp + self.warm_up)
    }

    /// When nothing more is due.
    pub(crate) fn end(&self) -> u64 {
        nanoseconds(self.ramp + self.warm_up + self.duration)
    }

    /// Until when operations are offered, the last of which was due at `last`: then the next one would
    /// be due. Counted to the last one only, few operations would seem to come faster than they do.
    pub(crate) fn offers_until(&self, last: u64) -> u64 {
        match self.count {
            None => self.end(),
            Some(_) => self.end().min(last.saturating_add(whole(1e9 / self.rate))),
        }
    }

    /// The due times of one of several workers, in nanoseconds from the start.
    pub(crate) fn share(self, worker: u64, of: u64) -> Schedule {
        let of = of.max(1);
        let count = self.count.map(|n| n / of + u64::from(worker < n % of));
        Schedule {
            plan: self,
            rate: self.rate / float(of),
            // Workers take turns.
            load: match self.spread {
                Spread::Constant => float(worker) / float(of) - 1.0,
                Spread::Poisson => 0.0,
            },
            left: count.unwrap_or(u64::MAX),
            random: fastrand::Rng::new(),
        }
    }
}

/// Due times, in order.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    plan: Plan,
    rate: f64,
    /// Arrivals so far, as the integral of the rate: evenly spaced for a constant spread, with
    /// exponential distances for Poisson. The ramp then only bends time.
    load: f64,
    left: u64,
    random: fastrand::Rng,
}

impl Iterator for Schedule {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        self.load += match self.plan.spread {
            Spread::Constant => 1.0,
            Spread::Poisson => -(1.0 - self.random.f64()).ln(),
        };
        let due = whole(self.seconds() * 1e9);
        if due >= self.plan.measured_from() {
            self.left = self.left.checked_sub(1)?;
        }
        (due < self.plan.end()).then_some(due)
    }
}

impl Schedule {
    /// When the integral of the rate reaches the load.
    fn seconds(&self) -> f64 {
        let ramp = self.plan.ramp.as_secs_f64();
        let in_ramp = self.rate * ramp / 2.0;
        if self.load < in_ramp {
            (2.0 * self.load * ramp / self.rate).sqrt()
        } else {
            ramp + (self.load - in_ramp) / self.rate
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(spread: Spread) -> Plan {
        Plan {
            rate: 1000.0,
            spread,
            ramp: Duration::ZERO,
            warm_up: Duration::from_secs(1),
            duration: Duration::from_secs(9),
            count: None,
        }
    }

    #[test]
    fn a_constant_spread_is_even_over_all_workers() {
        let mut due: Vec<u64> = plan(Spread::Constant).share(0, 2).collect();
        due.extend(plan(Spread::Constant).share(1, 2));
        due.sort_unstable();
        let expected: Vec<u64> = (0..10_000).map(|n| n * 1_000_000).collect();
        assert_eq!(due, expected);
    }

    #[test]
    fn a_poisson_spread_has_the_rate_and_its_scatter() {
        let due: Vec<u64> = plan(Spread::Poisson).share(0, 1).collect();
        let count = crate::number::float_len(due.len());
        // Five standard deviations of 100 each.
        assert!((count - 10_000.0).abs() < 500.0, "{count} arrivals");
        let gaps: Vec<f64> = due.windows(2).map(|w| float(w[1] - w[0]) / 1e6).collect();
        let mean = gaps.iter().sum::<f64>() / crate::number::float_len(gaps.len());
        let spread = gaps.iter().map(|g| (g - mean).powi(2)).sum::<f64>();
        let deviation = (spread / crate::number::float_len(gaps.len())).sqrt();
        assert!(
            (deviation / mean - 1.0).abs() < 0.15,
            "{deviation} by {mean}"
        );
    }

    #[test]
    fn a_ramp_grows_evenly_and_then_holds() {
        let mut ramped = plan(Spread::Constant);
        ramped.ramp = Duration::from_secs(10);
        let due: Vec<u64> = ramped.share(0, 1).collect();
        let before = |s: u64| due.iter().filter(|d| **d < s * 1_000_000_000).count();
        // Half of the rate on average; a quarter of that in the first half.
        assert!(before(10).abs_diff(5000) <= 1, "{}", before(10));
        assert!(before(5).abs_diff(1250) <= 1, "{}", before(5));
        assert!((before(12) - before(11)).abs_diff(1000) <= 1);
        assert_eq!(ramped.measured_from(), 11_000_000_000);
    }

    #[test]
    fn a_copy_has_the_same_arrivals() {
        // What is intended is counted on a copy.
        let schedule = plan(Spread::Poisson).share(0, 1);
        assert!(schedule.clone().eq(schedule));
    }

    #[test]
    fn a_count_is_shared_out_exactly() {
        let mut few = plan(Spread::Constant);
        few.count = Some(7);
        let is_measured = |due: &u64| *due >= few.measured_from();
        let all: Vec<u64> = (0..3).flat_map(|w| few.share(w, 3)).collect();
        let (measured, before): (Vec<u64>, Vec<u64>) = all.into_iter().partition(is_measured);
        assert_eq!(measured.len(), 7);
        assert_eq!(before.len(), 1000, "the warm-up comes on top");
    }

    #[test]
    fn the_last_operation_is_offered_for_as_long_as_the_others() {
        let mut plan = plan(Spread::Constant);
        let last = plan.share(0, 1).last().unwrap();
        assert_eq!(plan.offers_until(last), plan.end());
        plan.count = Some(3);
        let last = plan.share(0, 1).last().unwrap();
        assert_eq!(last, 1_002_000_000);
        assert_eq!(plan.offers_until(last), 1_003_000_000);
        assert_eq!(plan.offers_until(plan.end() - 1), plan.end());
    }
}
