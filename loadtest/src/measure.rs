//! When things are due, and what became of them.

pub(crate) mod alarm;
pub(crate) mod clock;
pub(crate) mod latency;
pub(crate) mod schedule;
pub(crate) mod tally;
