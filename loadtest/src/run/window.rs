//! The part of a lap that counts.

use std::sync::atomic::{AtomicU64, Ordering};

/// Which part of a lap is measured, in nanoseconds of its clock. Scenarios that must prepare move it.
#[derive(Debug)]
pub(crate) struct Window {
    from: AtomicU64,
    until: AtomicU64,
}

impl Window {
    /// From a moment that is known at once, until all is done.
    pub(crate) fn from(from: u64) -> Self {
        Self {
            from: from.into(),
            until: u64::MAX.into(),
        }
    }

    /// Until [`Self::set`], nothing is measured.
    pub(crate) fn later() -> Self {
        Self::from(u64::MAX)
    }

    pub(crate) fn set(&self, from: u64, until: u64) {
        self.until.store(until, Ordering::Relaxed);
        self.from.store(from, Ordering::Relaxed);
    }

    pub(crate) fn begin(&self) -> u64 {
        self.from.load(Ordering::Relaxed)
    }

    pub(crate) fn end(&self) -> u64 {
        self.until.load(Ordering::Relaxed)
    }

    pub(crate) fn contains(&self, at: u64) -> bool {
        at >= self.begin() && at < self.end()
    }
}
