//! How far the tunnels are.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts that tunnels keep for their conductor.
#[derive(Debug, Default)]
pub(super) struct Counts {
    opened: AtomicU64,
    /// Could not be opened.
    unopened: AtomicU64,
    /// Have carried a message each way.
    touched: AtomicU64,
    /// Opened, and over before they had carried any.
    untouched: AtomicU64,
    /// Opened, and over.
    ended: AtomicU64,
}

impl Counts {
    pub(super) fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    /// Tunnels that are open or could not be opened.
    pub(super) fn begun(&self) -> u64 {
        self.opened() + self.unopened.load(Ordering::Relaxed)
    }

    /// Opened tunnels that have carried their messages or never will.
    pub(super) fn settled(&self) -> u64 {
        self.touched.load(Ordering::Relaxed) + self.untouched.load(Ordering::Relaxed)
    }

    /// Opened tunnels that are over.
    pub(super) fn ended(&self) -> u64 {
        self.ended.load(Ordering::Relaxed)
    }
}

/// One tunnel in the counts. Whatever becomes of it is counted once.
#[derive(Debug)]
pub(super) struct Place<'a> {
    counts: &'a Counts,
    is_open: bool,
    is_touched: bool,
}

impl<'a> Place<'a> {
    pub(super) fn new(counts: &'a Counts) -> Self {
        Self {
            counts,
            is_open: false,
            is_touched: false,
        }
    }

    /// The tunnel is open.
    pub(super) fn open(&mut self) {
        self.is_open = true;
        add(&self.counts.opened);
    }

    /// It has carried a message each way.
    pub(super) fn touch(&mut self) {
        self.is_touched = true;
        add(&self.counts.touched);
    }

    pub(super) fn is_touched(&self) -> bool {
        self.is_touched
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.is_open {
            add(&self.counts.unopened);
            return;
        }
        if !self.is_touched {
            add(&self.counts.untouched);
        }
        add(&self.counts.ended);
    }
}

fn add(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tunnel_that_never_opened_is_none_that_died() {
        let counts = Counts::default();
        drop(Place::new(&counts));
        assert_eq!((counts.opened(), counts.begun(), counts.ended()), (0, 1, 0));
        let mut dies = Place::new(&counts);
        dies.open();
        assert_eq!((counts.opened(), counts.begun(), counts.ended()), (1, 2, 0));
        drop(dies);
        assert_eq!(
            (counts.begun(), counts.settled(), counts.ended()),
            (2, 1, 1)
        );
        let mut lives = Place::new(&counts);
        lives.open();
        lives.touch();
        assert_eq!(
            (counts.begun(), counts.settled(), counts.ended()),
            (3, 2, 1)
        );
        drop(lives);
        assert_eq!(
            (counts.begun(), counts.settled(), counts.ended()),
            (3, 2, 2)
        );
    }
}
