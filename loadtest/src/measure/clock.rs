//! The run's clock: nanoseconds since its start.

use std::time::{Duration, Instant};

/// A clock that all threads of a run share. Cheap to copy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock(Instant);

impl Clock {
    /// Starts now.
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// Nanoseconds since the start.
    pub(crate) fn now(self) -> u64 {
        nanoseconds(self.0.elapsed())
    }

    /// The instant at which the clock shows `at`.
    pub(crate) fn instant(self, at: u64) -> Instant {
        self.0 + Duration::from_nanos(at)
    }
}

/// A duration in nanoseconds: 584 years at most.
pub(crate) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
