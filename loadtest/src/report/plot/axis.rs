//! Axes: where a value lies, and which values are named.

use crate::number::float;

/// One axis.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    scale: Scale,
    from: f64,
    to: f64,
    show: fn(f64) -> String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    Linear,
    Log,
    /// Quantiles, spread out towards 1: each nine takes as much room as the one before.
    Nines,
}

impl Axis {
    /// From 0, or lower, to somewhat above the highest value.
    pub(crate) fn linear(values: impl Iterator<Item = f64>, show: fn(f64) -> String) -> Self {
        let (low, high) = range(values).unwrap_or((0.0, 1.0));
        Self {
            scale: Scale::Linear,
            from: low.min(0.0),
            to: if high > 0.0 { high * 1.08 } else { 1.0 },
            show,
        }
    }

    /// Exactly from the lowest value to the highest.
    pub(crate) fn time(values: impl Iterator<Item = f64>, show: fn(f64) -> String) -> Self {
        let (low, high) = range(values).unwrap_or((0.0, 1.0));
        Self {
            scale: Scale::Linear,
            from: low,
            to: if high > low { high } else { low + 1.0 },
            show,
        }
    }

    /// For values that span more than is visible side by side. None may be zero.
    pub(crate) fn log(values: impl Iterator<Item = f64>, show: fn(f64) -> String) -> Self {
        let (low, high) = range(values.filter(|v| *v > 0.0)).unwrap_or((1.0, 10.0));
        Self {
            scale: Scale::Log,
            from: low / 1.2,
            to: high * 1.2,
            show,
        }
    }

    /// Quantiles from the median's side up to a highest one.
    pub(crate) fn nines(highest: f64) -> Self {
        Self {
            scale: Scale::Nines,
            from: 0.0,
            to: highest,
            show: |q| format!("p{}", trim(q * 100.0)),
        }
    }

    /// From 0 at the beginning of the axis to 1 at its end.
    pub(crate) fn position(&self, value: f64) -> f64 {
        let place = |v: f64| match self.scale {
            Scale::Linear => v,
            Scale::Log => v.max(self.from).log10(),
            Scale::Nines => -(1.0 - v).log10(),
        };
        let (from, to) = (place(self.from), place(self.to));
        ((place(value) - from) / (to - from)).clamp(0.0, 1.0)
    }

    pub(crate) fn show(&self, value: f64) -> String {
        (self.show)(value)
    }

    /// The values that are named.
    pub(crate) fn ticks(&self) -> Vec<(f64, String)> {
        let values = match self.scale {
            Scale::Linear => linear_ticks(self.from, self.to),
            Scale::Log => log_ticks(self.from, self.to),
            Scale::Nines => [0.0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999]
                .into_iter()
                .filter(|q| *q <= self.to)
                .collect(),
        };
        let name = |v| (v, shortened(&self.show(v)));
        values.into_iter().map(name).collect()
    }
}

fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values
        .filter(|v| v.is_finite())
        .fold(None, |range, v| match range {
            None => Some((v, v)),
            Some((low, high)) => Some((low.min(v), high.max(v))),
        })
}

/// About five round values.
fn linear_ticks(from: f64, to: f64) -> Vec<f64> {
    let raw = (to - from) / 5.0;
    let power = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|m| m * power)
        .find(|step| *step >= raw)
        .unwrap_or(raw);
    let first = (from / step).ceil();
    (0..12)
        .map(|n| (first + float(n)) * step)
        .take_while(|v| *v <= to + step * 1e-9)
        .collect()
}

/// Powers of ten, with 2 and 5 between them when there is room.
fn log_ticks(from: f64, to: f64) -> Vec<f64> {
    let decades = (to / from).log10();
    let steps: &[f64] = match decades {
        d if d > 3.0 => &[1.0],
        d if d > 1.5 => &[1.0, 3.0],
        _ => &[1.0, 2.0, 5.0],
    };
    let first = from.log10().floor();
    (0..24)
        .flat_map(|n| steps.iter().map(move |m| m * 10_f64.powf(first + float(n))))
        .filter(|v| *v >= from && *v <= to)
        .collect()
}

/// Round values need no decimals: `1.00 ms` is `1 ms`.
fn shortened(text: &str) -> String {
    match text.split_once(' ') {
        Some((number, unit)) if number.contains('.') => {
            let number = number.trim_end_matches('0').trim_end_matches('.');
            format!("{number} {unit}")
        }
        _ => text.to_owned(),
    }
}

fn trim(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(v: f64) -> String {
        format!("{v:.1}")
    }

    #[test]
    fn ticks_are_round_and_inside() {
        let axis = Axis::linear([3.0, 97.0].into_iter(), show);
        let ticks: Vec<f64> = axis.ticks().into_iter().map(|t| t.0).collect();
        assert_eq!(ticks, [0.0, 50.0, 100.0]);
        let axis = Axis::log([1.0, 5000.0].into_iter(), show);
        let ticks: Vec<f64> = axis.ticks().into_iter().map(|t| t.0).collect();
        assert_eq!(ticks, [1.0, 10.0, 100.0, 1000.0]);
    }

    #[test]
    fn each_nine_takes_the_same_room() {
        let axis = Axis::nines(0.999);
        let third = 1.0 / 3.0;
        assert!((axis.position(0.9) - third).abs() < 1e-9);
        assert!((axis.position(0.99) - 2.0 * third).abs() < 1e-9);
        assert_eq!(axis.show(0.999), "p99.9");
    }

    #[test]
    fn positions_stay_on_the_paper() {
        let axis = Axis::log([1.0, 10.0].into_iter(), show);
        assert!((axis.position(0.0)).abs() < f64::EPSILON);
        assert!((axis.position(1e9) - 1.0).abs() < f64::EPSILON);
        let empty = Axis::time(std::iter::empty(), show);
        assert!(empty.position(0.5).is_finite());
    }
}
