//! The demo's clock: the system's, and whatever the administrator has let pass.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use crate::relying_party::Clock;

/// A clock that can be set forward, because nobody waits 35 days for a demo. Clones share the time.
#[derive(Debug, Clone, Default)]
pub(super) struct DemoClock(Arc<AtomicU64>);

impl DemoClock {
    pub(super) fn clock(&self) -> Clock {
        let ahead = self.clone();
        Clock::from_fn(move || SystemTime::now() + ahead.ahead())
    }

    pub(super) fn let_pass(&self, days: u32) {
        let seconds = u64::from(days.min(MAX_DAYS)) * DAY.as_secs();
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }

    pub(super) fn ahead(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }

    pub(super) fn days_ahead(&self) -> u64 {
        self.ahead().as_secs() / DAY.as_secs()
    }
}

const DAY: Duration = Duration::from_hours(24);
/// At a time.
pub(super) const MAX_DAYS: u32 = 365;
