//! The slope of a quantity over time, and whether it is more than noise.

use crate::number::{float_len, ratio};

/// Blocks that a run is cut into.
const BLOCKS: usize = 20;

/// A straight line through points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Trend {
    /// Growth for each unit of time.
    pub(crate) slope: f64,
    /// The standard error of that.
    pub(crate) error: f64,
}

impl Trend {
    /// By least squares; `None` below three points.
    pub(crate) fn of(points: &[(f64, f64)]) -> Option<Self> {
        let points = &blocks(points);
        if points.len() < 3 {
            return None;
        }
        let n = float_len(points.len());
        let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / n;
        let (x, y) = (mean(|p| p.0), mean(|p| p.1));
        let sxx: f64 = points.iter().map(|p| (p.0 - x).powi(2)).sum();
        let sxy: f64 = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
        let slope = ratio(sxy, sxx);
        let off = |p: &(f64, f64)| (p.1 - y - slope * (p.0 - x)).powi(2);
        let rest: f64 = points.iter().map(off).sum();
        Some(Self {
            slope,
            error: ratio(rest / (n - 2.0), sxx).sqrt(),
        })
    }

    /// Whether it differs from no growth by more than three standard errors.
    pub(crate) fn is_clear(&self) -> bool {
        self.slope.abs() > 3.0 * self.error
    }
}

/// Neighbouring points resemble each other, which would make an error look smaller than it is: the
/// means of blocks do so much less.
fn blocks(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mean = |block: &[(f64, f64)], of: fn(&(f64, f64)) -> f64| {
        block.iter().map(of).sum::<f64>() / float_len(block.len())
    };
    points
        .chunks(points.len().div_ceil(BLOCKS).max(1))
        .map(|block| (mean(block, |p| p.0), mean(block, |p| p.1)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::float;

    #[test]
    fn a_line_is_found_and_noise_is_not() {
        let line: Vec<_> = (0..100).map(|n| (float(n), 5.0 + 2.0 * float(n))).collect();
        let trend = Trend::of(&line).unwrap();
        assert!((trend.slope - 2.0).abs() < 1e-9);
        assert!(trend.is_clear());
        let zigzag: Vec<_> = (0..100).map(|n| (float(n), float(n % 2))).collect();
        assert!(!Trend::of(&zigzag).unwrap().is_clear());
        assert_eq!(Trend::of(&line[..2]), None);
    }

    #[test]
    fn a_slow_swing_is_not_taken_for_growth() {
        // One wave and a half over the whole run, as memory breathes with the load.
        let swing = |n: u64| (float(n) / 600.0 * 3.0 * std::f64::consts::PI).sin();
        let points: Vec<_> = (0..600).map(|n| (float(n), swing(n))).collect();
        assert!(!Trend::of(&points).unwrap().is_clear());
    }
}
