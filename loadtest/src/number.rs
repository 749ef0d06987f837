//! The few conversions between whole numbers and fractions, in one place.

/// A count as a fraction. Exact below 2^53, which no count here reaches.
#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "exact below 2^53, and every count here is far below it"
)]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}

/// A length or number of elements as a fraction.
pub(crate) fn float_len(count: usize) -> f64 {
    float(whole_len(count))
}

/// A fraction as a count: rounded, never negative, at most `u64::MAX`.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates and turns NaN into 0, which is what is wanted"
)]
pub(crate) fn whole(value: f64) -> u64 {
    value.round() as u64
}

/// A length as a count.
pub(crate) fn whole_len(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// A count as a number of elements.
pub(crate) fn elements(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// `part / whole`, or 0 when there is nothing to divide by.
pub(crate) fn ratio(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { part / whole }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_become_counts_without_surprises() {
        assert_eq!(whole(2.5), 3);
        assert_eq!(whole(-1.0), 0);
        assert_eq!(whole(f64::NAN), 0);
        assert_eq!(whole(f64::INFINITY), u64::MAX);
        assert!(ratio(1.0, 0.0).abs() < f64::EPSILON);
    }
}
