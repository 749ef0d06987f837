//! Every tunnel, for a human who looks for what is wrong. Kept only on demand, because it costs a
//! lock and some memory for each tunnel.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

/// All tunnels, in the order of their opening.
#[derive(Debug, Clone, Default)]
pub(crate) struct Census(Option<Arc<Mutex<Tunnels>>>);

#[derive(Debug, Default)]
struct Tunnels {
    opened: u64,
    tunnels: BTreeMap<u64, Times>,
}

#[derive(Debug)]
struct Times {
    opened: Instant,
    joined: Option<Instant>,
}

/// A tunnel's place. Dropping it takes the entry away.
#[derive(Debug, Default)]
pub(crate) struct Entry(Option<Box<(Arc<Mutex<Tunnels>>, u64)>>);

impl Census {
    pub(crate) fn kept() -> Self {
        Self(Some(Arc::default()))
    }

    pub(crate) fn enter(&self) -> Entry {
        Entry(self.0.as_ref().map(|census| {
            let mut tunnels = lock(census);
            let number = tunnels.opened;
            tunnels.opened += 1;
            let times = Times {
                opened: Instant::now(),
                joined: None,
            };
            tunnels.tunnels.insert(number, times);
            Box::new((Arc::clone(census), number))
        }))
    }

    /// One line a tunnel: its number since the start, its state, its age, and how long it is paired.
    pub(crate) fn lines(&self) -> String {
        let mut lines = String::from("number state age_seconds paired_seconds\n");
        if let Some(census) = &self.0 {
            let now = Instant::now();
            for (number, times) in &lock(census).tunnels {
                let age = (now - times.opened).as_secs();
                // Writing to a string does not fail.
                let _ = match times.joined {
                    None => writeln!(lines, "{number} waiting {age} -"),
                    Some(joined) => {
                        writeln!(lines, "{number} paired {age} {}", (now - joined).as_secs())
                    }
                };
            }
        }
        lines
    }
}

impl Entry {
    pub(crate) fn joined(&self) {
        if let Some(place) = &self.0 {
            let (census, number) = place.as_ref();
            if let Some(times) = lock(census).tunnels.get_mut(number) {
                times.joined = Some(Instant::now());
            }
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Some(place) = &self.0 {
            let (census, number) = place.as_ref();
            lock(census).tunnels.remove(number);
        }
    }
}

fn lock(census: &Mutex<Tunnels>) -> MutexGuard<'_, Tunnels> {
    census.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn tells_states_and_ages_and_forgets_what_ended() {
        let census = Census::kept();
        let first = census.enter();
        let second = census.enter();
        tokio::time::advance(Duration::from_secs(5)).await;
        first.joined();
        tokio::time::advance(Duration::from_secs(2)).await;
        let lines = census.lines();
        let lines: Vec<_> = lines.lines().skip(1).collect();
        assert_eq!(lines, ["0 paired 7 2", "1 waiting 7 -"]);
        drop(first);
        assert_eq!(census.lines().lines().nth(1), Some("1 waiting 7 -"));
        drop(second);
        assert_eq!(census.lines().lines().count(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn costs_nothing_when_nobody_asked_for_it() {
        let census = Census::default();
        assert!(census.enter().0.is_none());
    }
}
