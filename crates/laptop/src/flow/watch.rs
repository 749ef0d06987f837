//! The two things that can end any step from outside: time and the user.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::cancel::Canceller;
use crate::error::LaptopError;
use crate::progress::Stage;

/// However short a relying party's timeout is, a person gets this long to find the phone.
const SHORTEST_TRANSACTION: Duration = Duration::from_mins(1);

/// Guards every step of one transaction.
#[derive(Debug)]
pub(crate) struct Watch {
    canceller: Canceller,
    start: Instant,
    deadline: Instant,
}

impl Watch {
    /// Starts the clock.
    pub(crate) fn start(canceller: Canceller, transaction: Duration) -> Self {
        let start = Instant::now();
        Self {
            canceller,
            start,
            deadline: after(start, transaction),
        }
    }

    /// Takes a relying party's timeout into account, which can only bring the end nearer.
    pub(crate) fn shorten(&mut self, timeout: Option<Duration>) {
        if let Some(timeout) = timeout {
            let timeout = after(self.start, timeout.max(SHORTEST_TRANSACTION));
            self.deadline = self.deadline.min(timeout);
        }
    }

    /// What `step` returns, unless it takes longer than `limit`, the transaction is over, or the user
    /// does not want it any more.
    pub(crate) async fn within<T>(
        &self,
        stage: Stage,
        limit: Duration,
        step: impl Future<Output = T>,
    ) -> Result<T, LaptopError> {
        let deadline = self.deadline.min(after(Instant::now(), limit));
        tokio::select! {
            biased;
            () = self.canceller.cancelled() => Err(LaptopError::Cancelled),
            result = timeout_at(deadline, step) => result.map_err(|_| match stage {
                Stage::Searching => LaptopError::AdvertNotSeen,
                stage => LaptopError::TimedOut { stage },
            }),
        }
    }

    /// [`Self::within`] without a limit of the step's own.
    pub(crate) async fn until_deadline<T>(
        &self,
        stage: Stage,
        step: impl Future<Output = T>,
    ) -> Result<T, LaptopError> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        self.within(stage, left, step).await
    }
}

/// The moment after a limit. Nobody means more than a day, and clocks overflow on some of it.
fn after(start: Instant, limit: Duration) -> Instant {
    const DAY: Duration = Duration::from_hours(24);
    start + limit.min(DAY)
}
