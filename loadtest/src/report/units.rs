//! Figures for people.

use crate::number::float;

/// Milliseconds with a unit and three digits or so.
pub(crate) fn time(ms: f64) -> String {
    match ms {
        ms if ms < 0.9995 => format!("{:.0} µs", ms * 1000.0),
        ms if ms < 9.995 => format!("{ms:.2} ms"),
        ms if ms < 99.95 => format!("{ms:.1} ms"),
        ms if ms < 999.5 => format!("{ms:.0} ms"),
        ms if ms < 9995.0 => format!("{:.2} s", ms / 1000.0),
        ms => format!("{:.1} s", ms / 1000.0),
    }
}

/// A number with thousands apart, and decimals only where they say something.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    if size >= 99.95 || (value - value.round()).abs() < 1e-9 {
        return grouped(&format!("{value:.0}"));
    }
    if size >= 9.995 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// Cores, in words.
pub(crate) fn cores(count: usize) -> String {
    match count {
        1 => "1 core".to_owned(),
        n => format!("{n} cores"),
    }
}

/// A count with thousands apart.
pub(crate) fn count(value: u64) -> String {
    grouped(&value.to_string())
}

fn grouped(digits: &str) -> String {
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", digits),
    };
    let mut out = String::from(sign);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Bytes, in the unit that fits.
pub(crate) fn bytes(value: f64) -> String {
    const KIB: f64 = 1024.0;
    let size = value.abs();
    if size < KIB {
        format!("{value:.0} B")
    } else if size < KIB * KIB {
        format!("{:.1} KiB", value / KIB)
    } else if size < KIB * KIB * KIB {
        format!("{:.1} MiB", value / KIB / KIB)
    } else {
        format!("{:.2} GiB", value / KIB / KIB / KIB)
    }
}

/// A count of bytes, in the unit that fits.
pub(crate) fn byte_count(value: u64) -> String {
    bytes(float(value))
}

/// A share from 0 to 1 as percent.
pub(crate) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent == 0.0 || percent >= 9.995 {
        format!("{percent:.0} %")
    } else if percent >= 0.0995 {
        format!("{percent:.2} %")
    } else {
        format!("{percent:.4} %")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_their_units() {
        assert_eq!(time(0.0421), "42 µs");
        assert_eq!(time(0.9999), "1.00 ms");
        assert_eq!(time(12.34), "12.3 ms");
        assert_eq!(time(1234.0), "1.23 s");
        assert_eq!(number(1_234_567.8), "1,234,568");
        assert_eq!(number(200.0), "200");
        assert_eq!(number(3.456), "3.46");
        assert_eq!(count(999), "999");
        assert_eq!(count(1000), "1,000");
        assert_eq!(number(-1234.0), "-1,234");
        assert_eq!(bytes(1536.0), "1.5 KiB");
        assert_eq!(bytes(-1536.0), "-1.5 KiB");
        assert_eq!(percent(0.0), "0 %");
        assert_eq!(percent(0.001), "0.10 %");
        assert_eq!(percent(1.0), "100 %");
    }
}
