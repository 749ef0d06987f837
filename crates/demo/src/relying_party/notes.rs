//! How much of the audit trail refusals may fill: in memory, by user.
//!
//! The trail keeps its latest entries. Whoever could make as many of them as they like could push out
//! what they did before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Refusals that the audit trail keeps of one user in a [`NOTE_WINDOW`], and of all strangers
/// together. Nobody mistypes more often than once a minute; filling the trail takes one user two
/// months.
pub const MAX_NOTES: u32 = 60;
/// What [`MAX_NOTES`] are counted over.
pub const NOTE_WINDOW: Duration = Duration::from_hours(1);

/// Notes in the present window, by user name: of users who exist, so there is a bound to them.
/// Strangers have no name. Clones share the counts.
#[derive(Clone, Default)]
pub(super) struct Notes(Arc<Mutex<HashMap<String, Count>>>);

struct Count {
    since: SystemTime,
    notes: u32,
}

impl Notes {
    /// Counts a note, and says whether there is room for it.
    pub(super) fn have_room(&self, user: &str, now: SystemTime) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || Count {
            since: now,
            notes: 0,
        };
        let count = counts.entry(user.to_owned()).or_insert_with(fresh);
        let age = now.duration_since(count.since);
        // A clock that was set back silences nobody for long.
        if !age.is_ok_and(|age| age < NOTE_WINDOW) {
            *count = fresh();
        }
        let room = count.notes < MAX_NOTES;
        count.notes += u32::from(room);
        room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_so_many_notes_an_hour_and_not_one_more() {
        let (notes, start) = (Notes::default(), SystemTime::UNIX_EPOCH);
        for _ in 0..MAX_NOTES {
            assert!(notes.have_room("alice", start));
        }
        assert!(!notes.have_room("alice", start));
        assert!(notes.have_room("bob", start), "everybody has their own");
        let almost = start + NOTE_WINDOW - Duration::from_millis(1);
        assert!(!notes.have_room("alice", almost));
        assert!(notes.have_room("alice", start + NOTE_WINDOW));
    }
}
