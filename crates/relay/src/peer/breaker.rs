//! Keeps an instance that is down from being dialled in a storm.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long a failed dial counts as news. Nobody dials an instance that no laptop asks for, so that one
/// which failed long ago may be back or gone for good.
const NEWS: Duration = Duration::from_mins(1);

/// Whether an instance may be dialled now. After a failure it may not for a while, and then one
/// dial finds out for all.
#[derive(Debug)]
pub(super) struct Breaker {
    state: Mutex<State>,
    retry_time: Duration,
    most: u32,
}

#[derive(Debug)]
struct State {
    /// Dials under way.
    dials: u32,
    /// No dials before this time, and only one at a time after it. `None` while all is well.
    down_until: Option<Instant>,
}

/// A dial that is allowed. Dropping it without a verdict says nothing about the instance.
#[derive(Debug)]
pub(super) struct Dial<'a>(&'a Breaker);

/// Why there is no dial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    /// The instance was down a moment ago.
    Down,
    /// Too many dials of it are under way.
    Busy,
}

impl Breaker {
    pub(super) fn new(retry_time: Duration, most: u32) -> Self {
        Self {
            state: Mutex::new(State {
                dials: 0,
                down_until: None,
            }),
            retry_time,
            most,
        }
    }

    pub(super) fn dial(&self) -> Result<Dial<'_>, Held> {
        let mut state = self.lock();
        match state.down_until {
            Some(until) if Instant::now() < until || state.dials > 0 => return Err(Held::Down),
            None if state.dials >= self.most => return Err(Held::Busy),
            _ => state.dials += 1,
        }
        Ok(Dial(self))
    }

    /// Whether the last dial failed, within the last minute.
    pub(super) fn is_open(&self) -> bool {
        let until = self.lock().down_until;
        until.is_some_and(|until| Instant::now() < until + NEWS)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Dial<'_> {
    /// The instance was reached.
    pub(super) fn succeeded(self) {
        self.0.lock().down_until = None;
    }

    /// It was not.
    pub(super) fn failed(self) {
        self.0.lock().down_until = Some(Instant::now() + self.0.retry_time);
    }
}

impl Drop for Dial<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.dials = state.dials.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn one_dial_a_second_while_it_is_down() {
        let breaker = Breaker::new(SECOND, 10);
        breaker.dial().unwrap().failed();
        assert_eq!(breaker.dial().err(), Some(Held::Down));
        advance(SECOND).await;
        let trial = breaker.dial().unwrap();
        assert_eq!(
            breaker.dial().err(),
            Some(Held::Down),
            "one finds out for all"
        );
        trial.failed();
        assert_eq!(breaker.dial().err(), Some(Held::Down));
        assert!(breaker.is_open());
        advance(SECOND).await;
        breaker.dial().unwrap().succeeded();
        let _two = (breaker.dial().unwrap(), breaker.dial().unwrap());
        assert!(!breaker.is_open());
    }

    #[tokio::test(start_paused = true)]
    async fn a_dial_that_was_given_up_says_nothing() {
        let breaker = Breaker::new(SECOND, 10);
        drop(breaker.dial().unwrap());
        assert!(!breaker.is_open());
        breaker.dial().unwrap().failed();
        advance(SECOND).await;
        drop(breaker.dial().unwrap());
        assert!(breaker.is_open());
        breaker.dial().unwrap().succeeded();
        assert!(!breaker.is_open());
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_news_for_a_minute() {
        let breaker = Breaker::new(SECOND, 10);
        breaker.dial().unwrap().failed();
        advance(NEWS).await;
        assert!(breaker.is_open());
        advance(SECOND).await;
        assert!(!breaker.is_open());
    }

    #[tokio::test(start_paused = true)]
    async fn dials_at_the_limit_and_one_past_it() {
        let breaker = Breaker::new(SECOND, 2);
        let first = breaker.dial().unwrap();
        let _second = breaker.dial().unwrap();
        assert_eq!(breaker.dial().err(), Some(Held::Busy));
        first.succeeded();
        breaker.dial().unwrap();
    }
}
