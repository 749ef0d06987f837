//! Tokens that were seen already.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// What makes each token another one: random bytes.
pub(super) type Nonce = [u8; 16];

/// Nonces of all tokens that could come again. Two sets take turns, so that forgetting costs nothing.
#[derive(Debug)]
pub(super) struct Replays {
    sets: Mutex<Sets>,
    /// Nonces in one set.
    most: usize,
    /// Time for which a nonce is remembered at least.
    memory: Duration,
}

#[derive(Debug)]
struct Sets {
    present: HashSet<Nonce>,
    past: HashSet<Nonce>,
    turned: SystemTime,
}

/// What is known of a nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// It is new, and remembered from now on.
    Never,
    /// A token with it was here.
    Before,
    /// There is no room to remember it.
    NoRoom,
}

/// Nonces in one set: 6,500 hops a second, more than a core serves, in at most 10 MB.
const MOST: usize = 131_072;

impl Replays {
    /// For tokens that are good for so long.
    pub(super) fn of_tokens(life: Duration) -> Self {
        // From a clock that is ahead to one that is behind. The second more is what whole seconds hide.
        Self::new(MOST, life * 2 + Duration::from_secs(1))
    }

    fn new(most: usize, memory: Duration) -> Self {
        Self {
            sets: Mutex::new(Sets {
                present: HashSet::new(),
                past: HashSet::new(),
                turned: SystemTime::UNIX_EPOCH,
            }),
            most,
            memory,
        }
    }

    /// Remembers a nonce.
    pub(super) fn remember(&self, nonce: Nonce, now: SystemTime) -> Seen {
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that went back would otherwise keep the sets from ever turning again.
        let age = now.duration_since(sets.turned).unwrap_or(self.memory);
        if age >= self.memory {
            sets.past = std::mem::take(&mut sets.present);
            sets.turned = now;
        }
        if age >= self.memory * 2 {
            sets.past = HashSet::new();
        }
        if sets.past.contains(&nonce) || sets.present.contains(&nonce) {
            return Seen::Before;
        }
        if sets.present.len() >= self.most {
            return Seen::NoRoom;
        }
        sets.present.insert(nonce);
        Seen::Never
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
    }

    #[test]
    fn remembers_for_the_whole_memory_and_not_for_ever() {
        let replays = Replays::new(10, Duration::from_secs(20));
        assert_eq!(replays.remember([1; 16], at(0)), Seen::Never);
        for seconds in [0, 1, 19, 20, 39] {
            assert_eq!(replays.remember([1; 16], at(seconds)), Seen::Before);
        }
        assert_eq!(replays.remember([2; 16], at(39)), Seen::Never);
        assert_eq!(replays.remember([1; 16], at(40)), Seen::Never);
        assert_eq!(replays.remember([2; 16], at(41)), Seen::Before);
        assert_eq!(replays.remember([2; 16], at(999)), Seen::Never);
    }

    #[test]
    fn room_at_the_limit_and_one_past_it() {
        let replays = Replays::new(2, Duration::from_secs(20));
        assert_eq!(replays.remember([1; 16], at(0)), Seen::Never);
        assert_eq!(replays.remember([2; 16], at(0)), Seen::Never);
        assert_eq!(replays.remember([3; 16], at(0)), Seen::NoRoom);
        assert_eq!(replays.remember([1; 16], at(0)), Seen::Before);
        assert_eq!(replays.remember([3; 16], at(20)), Seen::Never);
    }

    #[test]
    fn a_clock_that_goes_back_does_no_harm() {
        let replays = Replays::new(2, Duration::from_secs(20));
        assert_eq!(replays.remember([1; 16], at(100)), Seen::Never);
        assert_eq!(replays.remember([1; 16], at(50)), Seen::Before);
        assert_eq!(replays.remember([2; 16], at(51)), Seen::Never);
    }
}
