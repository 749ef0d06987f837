//! What came of the story.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::stage::{Part, Stage};

/// What came of the story, as it stands in `hawser demo --json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoryReport {
    /// The site verified the registration.
    pub registered: bool,
    /// The site verified the sign-in.
    pub signed_in: bool,
    /// What the laptop tells its user when the phone declined; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declined: Option<String>,
    /// Messages that the relay forwarded, by its own count.
    pub relay_messages: u64,
    /// How long it all took, in milliseconds, pauses included.
    pub elapsed_ms: u64,
    /// Every stage, in the order in which it happened.
    pub stages: Vec<StageTime>,
}

/// When a stage was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageTime {
    /// The part of the story.
    pub part: Part,
    /// The stage.
    pub name: Stage,
    /// Milliseconds since the story began.
    pub ms: u64,
}

/// The report without its stages.
#[derive(Default)]
pub(super) struct Endings {
    pub(super) registered: bool,
    pub(super) signed_in: bool,
    pub(super) declined: Option<String>,
    pub(super) relay_messages: u64,
    pub(super) elapsed: Duration,
}

impl Endings {
    pub(super) fn into_report(self, stages: Vec<StageTime>) -> StoryReport {
        StoryReport {
            registered: self.registered,
            signed_in: self.signed_in,
            declined: self.declined,
            relay_messages: self.relay_messages,
            elapsed_ms: milliseconds(self.elapsed),
            stages,
        }
    }
}

pub(super) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
