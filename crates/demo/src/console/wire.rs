//! The wire view: what the relay sees of a sign-in, beside what the two ends see.
//!
//! The relay itself is left alone: the phones and the laptop of the demo reach it through a proxy
//! ([`proxy`](super::proxy)) that reads what any relay must read, request heads and frame heads.
//! What the ends see comes from the ends.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde::Serialize;
use tokio::sync::watch;

/// What was seen lately. Clones share it.
#[derive(Clone)]
pub(super) struct Wire(Arc<Shared>);

struct Shared {
    began: Instant,
    sights: Mutex<VecDeque<Sight>>,
    /// The number of the latest sight.
    latest: watch::Sender<u64>,
}

/// Something that one of the three saw.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Sight {
    /// Counts up from one.
    pub(super) number: u64,
    /// Milliseconds since the demo began.
    pub(super) ms: u64,
    pub(super) by: Eye,
    pub(super) what: String,
    /// Whether a ceremony begins with it.
    pub(super) begins: bool,
    /// Where the message goes, when it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) towards: Option<Eye>,
    /// Bytes of the message, when it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bytes: Option<u64>,
}

/// What kind of sight, where it is a special one.
#[derive(Clone, Copy)]
enum Kind {
    Beginning,
    Message { towards: Eye, bytes: u64 },
}

/// Who sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Eye {
    Laptop,
    Relay,
    Phone,
}

impl Wire {
    pub(super) fn new() -> Self {
        Self(Arc::new(Shared {
            began: Instant::now(),
            sights: Mutex::default(),
            latest: watch::Sender::new(0),
        }))
    }

    pub(super) fn saw(&self, by: Eye, what: impl Into<String>) {
        self.add(by, what.into(), None);
    }

    /// A laptop begins a ceremony.
    pub(super) fn saw_beginning(&self, what: String) {
        self.add(Eye::Laptop, what, Some(Kind::Beginning));
    }

    /// The relay forwards a message.
    pub(super) fn saw_message(&self, towards: Eye, bytes: u64) {
        let what = "encrypted message".to_owned();
        self.add(Eye::Relay, what, Some(Kind::Message { towards, bytes }));
    }

    /// Everything after a number, oldest first, as far as it is still kept.
    pub(super) fn since(&self, number: u64) -> Vec<Sight> {
        let sights = self.sights();
        // A page from before a restart of the demo knows numbers that are yet to come.
        let number = if number > *self.0.latest.borrow() {
            0
        } else {
            number
        };
        let later = sights.iter().filter(|sight| sight.number > number);
        later.cloned().collect()
    }

    /// Resolves whenever there is more.
    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.0.latest.subscribe()
    }

    fn add(&self, by: Eye, what: String, kind: Option<Kind>) {
        let ms = u64::try_from(self.0.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (towards, bytes) = match kind {
            Some(Kind::Message { towards, bytes }) => (Some(towards), Some(bytes)),
            _ => (None, None),
        };
        let mut sights = self.sights();
        let number = *self.0.latest.borrow() + 1;
        if sights.len() >= MAX_SIGHTS {
            sights.pop_front();
        }
        sights.push_back(Sight {
            number,
            ms,
            by,
            what,
            begins: matches!(kind, Some(Kind::Beginning)),
            towards,
            bytes,
        });
        self.0.latest.send_replace(number);
    }

    fn sights(&self) -> MutexGuard<'_, VecDeque<Sight>> {
        self.0.sights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A sign-in has about thirty; a page shows the last few.
pub(super) const MAX_SIGHTS: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_sights_are_kept_in_order() {
        let wire = Wire::new();
        for n in 0..=MAX_SIGHTS {
            wire.saw(Eye::Relay, n.to_string());
        }
        let kept = wire.since(0);
        assert_eq!(kept.len(), MAX_SIGHTS);
        assert_eq!(kept[0].what, "1");
        assert!(kept.is_sorted_by_key(|sight| sight.number));
        let last = kept.last().unwrap().number;
        assert_eq!(wire.since(last - 1).len(), 1);
        assert_eq!(*wire.watch().borrow(), last);
        assert!(wire.since(last).is_empty());
        assert_eq!(wire.since(last + 1).len(), MAX_SIGHTS, "of another demo");
    }
}
