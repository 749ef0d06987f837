//! One bound for all stages of dialling.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::open_error::{DialStage, OpenError};

/// The end of the time for all stages together.
pub(crate) struct Deadline {
    start: Instant,
    limit: Duration,
}

impl Deadline {
    pub(crate) fn after(limit: Duration) -> Self {
        Self {
            start: Instant::now(),
            limit,
        }
    }

    pub(crate) async fn bound<F: Future>(
        &self,
        stage: DialStage,
        step: F,
    ) -> Result<F::Output, OpenError> {
        timeout(self.left(), step)
            .await
            .map_err(|_| OpenError::TimedOut {
                stage,
                limit: self.limit,
            })
    }

    /// The time that is left, nothing once it is up.
    pub(crate) fn left(&self) -> Duration {
        self.limit.saturating_sub(self.start.elapsed())
    }
}
