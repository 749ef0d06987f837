//! How long people take: told or drawn.

use std::fmt;
use std::time::Duration;

/// The longest time that a pause takes, told or drawn: a service does not hold a tunnel for longer, and
/// who takes longer has gone away.
pub(crate) const PAUSE_MAX: Duration = Duration::from_mins(10);

/// A drawn pause is at most so many times its p95. A log-normal draw has no end of its own, and a run
/// must: it waits for the last one. Fewer than one in a thousand are cut, where p95 is three medians.
const DRAW_MAX: f64 = 4.0;

/// How many standard deviations above the median the 95th percentile of a normal distribution is.
const P95: f64 = 1.644_853_626_951_472_2;

/// How long somebody takes: always the same, or log-normally distributed, as human response times
/// are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Length {
    pub(crate) median: Duration,
    pub(crate) p95: Option<Duration>,
}

impl Length {
    /// The standard deviation of the logarithm.
    fn sigma(self) -> f64 {
        let spread = |p95: Duration| (p95.as_secs_f64() / self.median.as_secs_f64()).ln() / P95;
        self.p95.map_or(0.0, spread)
    }

    /// One person's.
    pub(crate) fn draw(self, random: &mut fastrand::Rng) -> Duration {
        let (radius, angle) = (1.0 - random.f64(), random.f64() * std::f64::consts::TAU);
        // Box and Muller's way to a normal draw.
        let normal = (-2.0 * radius.ln()).sqrt() * angle.cos();
        self.at(normal)
    }

    /// Of the cut distribution, as the sum of what is drawn times how often it is.
    pub(crate) fn mean(self) -> Duration {
        // A hundredth of a standard deviation apart, up to eight of them: what is beyond is nowhere to be seen.
        let normals = || (-800..=800).map(|n| f64::from(n) / 100.0);
        let weight = |normal: f64| (normal.powi(2) / -2.0).exp();
        let weigh = |normal| self.at(normal).as_secs_f64() * weight(normal);
        let mean = normals().map(weigh).sum::<f64>() / normals().map(weight).sum::<f64>();
        Duration::from_secs_f64(mean).min(self.longest())
    }

    /// No draw is longer.
    pub(crate) fn longest(self) -> Duration {
        let longest = |p95: Duration| p95.mul_f64(DRAW_MAX).min(PAUSE_MAX);
        self.p95.map_or(self.median, longest)
    }

    /// What a normal draw stands for, cut. A wide spread leads to figures that no clock has.
    fn at(self, normal: f64) -> Duration {
        let seconds = self.median.as_secs_f64() * (self.sigma() * normal).exp();
        Duration::try_from_secs_f64(seconds).map_or(self.longest(), |time| time.min(self.longest()))
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", humantime::format_duration(self.median))?;
        match self.p95 {
            Some(p95) => write!(f, ",p95={}", humantime::format_duration(p95)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(median: Duration, p95: u64) -> Length {
        let p95 = Some(Duration::from_secs(p95));
        Length { median, p95 }
    }

    #[test]
    fn draws_have_the_median_and_the_p95_that_were_asked_for_and_an_end() {
        let length = spread(Duration::from_secs(4), 12);
        let mut random = fastrand::Rng::with_seed(1);
        let mut drawn: Vec<f64> = (0..100_000)
            .map(|_| length.draw(&mut random).as_secs_f64())
            .collect();
        drawn.sort_by(f64::total_cmp);
        let mean = drawn.iter().sum::<f64>() / 100_000.0;
        assert!(
            (drawn[50_000] / 4.0 - 1.0).abs() < 0.02,
            "{}",
            drawn[50_000]
        );
        assert!(
            (drawn[95_000] / 12.0 - 1.0).abs() < 0.03,
            "{}",
            drawn[95_000]
        );
        assert!(
            (mean / length.mean().as_secs_f64() - 1.0).abs() < 0.02,
            "{mean}"
        );
        assert!(drawn[99_999] <= 48.0);
        let cut = drawn.iter().filter(|seconds| **seconds >= 47.999).count();
        assert!(cut > 0 && cut < 100, "{cut} of 100,000 are cut");
        let fixed = Length {
            median: Duration::from_secs(2),
            p95: None,
        };
        assert_eq!(fixed.draw(&mut random), Duration::from_secs(2));
        assert_eq!(fixed.longest(), fixed.mean());
    }

    #[test]
    fn a_draw_is_no_longer_than_what_may_be_told() {
        let length = spread(Duration::from_secs(1), 600);
        assert_eq!(length.longest(), PAUSE_MAX);
        let length = spread(Duration::from_secs(1), 150);
        assert_eq!(length.longest(), PAUSE_MAX, "four times that");
        let length = spread(Duration::from_secs(1), 149);
        assert_eq!(length.longest(), Duration::from_secs(596));
    }

    #[test]
    fn the_widest_spread_is_drawn_and_has_a_mean() {
        let length = spread(Duration::from_nanos(1), 600);
        let mut random = fastrand::Rng::with_seed(1);
        // One in some twenty thousand is longer than any clock.
        let drawn: Vec<_> = (0..200_000).map(|_| length.draw(&mut random)).collect();
        assert_eq!(drawn.iter().max(), Some(&PAUSE_MAX));
        // What is drawn on average, which is far from what it would be without the cut.
        let mean = drawn.iter().sum::<Duration>().div_f64(200_000.0);
        let ratio = mean.div_duration_f64(length.mean());
        assert!((ratio - 1.0).abs() < 0.03, "{ratio}: {mean:?}");
    }
}
