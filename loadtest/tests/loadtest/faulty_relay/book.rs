//! Which ways to break one's word there are, when each is due, and how often it was done.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

/// Messages between two faults of one kind.
const EVERY: u64 = 600;

/// A way to break one's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Sin {
    Lose,
    Double,
    Swap,
    Alter,
    Truncate,
    Text,
    CloseEarly,
    Misdeliver,
    Stall,
    /// Not by messages: every 50th goodbye gets another code.
    WrongCode,
    /// Not by messages: a phone that waits and says goodbye gets no answer.
    HangUp,
}

impl Sin {
    pub(crate) const OF_MESSAGES: [Self; 9] = [
        Self::Lose,
        Self::Double,
        Self::Swap,
        Self::Alter,
        Self::Truncate,
        Self::Text,
        Self::CloseEarly,
        Self::Misdeliver,
        Self::Stall,
    ];
}

/// What has been done.
#[derive(Debug, Default)]
pub(super) struct Book {
    messages: u64,
    goodbyes: u64,
    done: BTreeMap<Sin, u64>,
    /// When a one-off pause of the whole relay is due, by number of messages.
    pub(super) pause_at: Option<(u64, Duration)>,
    pub(super) paused_until: Option<Instant>,
    /// After so many messages, nothing is passed on any more, and nothing is said.
    pub(super) silent_after: Option<u64>,
}

impl Book {
    /// How often this has been committed.
    pub(super) fn count(&self, sin: Sin) -> u64 {
        self.done.get(&sin).copied().unwrap_or_default()
    }

    pub(super) fn commit(&mut self, sin: Sin) {
        *self.done.entry(sin).or_default() += 1;
    }

    /// It could not be committed after all.
    pub(super) fn take_back(&mut self, sin: Sin) {
        *self.done.get_mut(&sin).unwrap() -= 1;
    }

    pub(super) fn is_silent(&self) -> bool {
        self.silent_after.is_some_and(|n| self.messages > n)
    }

    /// The code that the other end of a tunnel gets.
    pub(super) fn goodbye(&mut self, sins: &[Sin]) -> u16 {
        self.goodbyes += 1;
        if sins.contains(&Sin::WrongCode) && self.goodbyes.is_multiple_of(50) {
            self.commit(Sin::WrongCode);
            return 1011;
        }
        1000
    }

    /// The sin that the next message is due for.
    pub(super) fn choose(&mut self, sins: &[Sin], can_swap: bool) -> Option<Sin> {
        self.messages += 1;
        let count = self.messages;
        if let Some((at, pause)) = self.pause_at
            && count == at
        {
            self.paused_until = Some(Instant::now() + pause);
        }
        let step = EVERY / 10;
        for (at, sin) in (1..).zip(Sin::OF_MESSAGES) {
            let owed = (count + EVERY - step * at) / EVERY;
            let is_due = sins.contains(&sin) && owed > self.count(sin);
            if is_due && (sin != Sin::Swap || can_swap) {
                self.commit(sin);
                return Some(sin);
            }
        }
        None
    }
}
