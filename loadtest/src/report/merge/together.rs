//! Whether several machines loaded the service at the same time.

use crate::number::ratio;
use crate::report::record::Record;
use crate::run::lap::Load;

/// When each offered its load, in seconds since the first began. Files that do not say so are taken to have
/// begun at once: all have the same warm-up.
pub(super) fn loads(records: &[Record], offsets: &[f64]) -> Vec<Load> {
    let said: Option<Vec<Load>> = records.iter().map(|r| r.load).collect();
    let at_once = |r: &Record| Load {
        from: 0.0,
        until: r.totals.offered_seconds,
    };
    let own = said.unwrap_or_else(|| records.iter().map(at_once).collect());
    let pairs = own.into_iter().zip(offsets);
    pairs
        .map(|(load, offset)| Load {
            from: load.from + offset,
            until: load.until + offset,
        })
        .collect()
}

/// From the first load to the last.
pub(super) fn whole(loads: &[Load]) -> Load {
    Load {
        from: loads.iter().map(|l| l.from).fold(f64::INFINITY, f64::min),
        until: loads.iter().map(|l| l.until).fold(0.0, f64::max),
    }
}

/// How much of the whole time all of them ran, from 0 to 1.
pub(super) fn overlap(loads: &[Load]) -> f64 {
    let whole = whole(loads);
    let last_begin = loads.iter().map(|l| l.from).fold(0.0, f64::max);
    let first_end = loads.iter().map(|l| l.until).fold(f64::INFINITY, f64::min);
    ratio((first_end - last_begin).max(0.0), whole.until - whole.from)
}
