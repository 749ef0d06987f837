//! From what happens to what is told: in order, at a pace, without slowing down the machines.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};

use super::Pace;
use super::report::{StageTime, milliseconds};
use super::stage::{Part, Stage};

/// Something that happened.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Event {
    /// The part of the story.
    pub part: Part,
    /// What happened.
    pub stage: Stage,
    /// When, since the story began.
    pub at: Duration,
    /// One sentence for a person: addresses, names, numbers. May be empty.
    pub detail: String,
    /// [`Stage::QrShown`]: what the laptop shows, in half blocks of ink on a dark ground. The phone
    /// reads exactly this text.
    pub screen: Option<String>,
}

/// Whoever tells the story: a terminal, a log, a test.
pub trait Narrator {
    /// Tells one event. Called in order; must not block for long.
    fn tell(&mut self, event: &Event);
}

impl<F: FnMut(&Event)> Narrator for F {
    fn tell(&mut self, event: &Event) {
        self(event);
    }
}

/// The story's end of the telling.
#[derive(Clone)]
pub(super) struct Telling {
    told: mpsc::Sender<Told>,
    began: Instant,
}

/// A [`Telling`] of one part.
#[derive(Clone)]
pub(super) struct PartTelling {
    telling: Telling,
    part: Part,
}

/// The narrator's end of the telling.
pub(super) struct Teller(mpsc::Receiver<Told>);

enum Told {
    Event(Event),
    /// Answered when everything before it has been told.
    CaughtUp(oneshot::Sender<()>),
}

pub(super) fn begin() -> (Telling, Teller) {
    let (told, teller) = mpsc::channel(CAPACITY);
    let began = Instant::now();
    (Telling { told, began }, Teller(teller))
}

impl Telling {
    pub(super) fn part(&self, part: Part) -> PartTelling {
        PartTelling {
            telling: self.clone(),
            part,
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}

impl PartTelling {
    pub(super) fn happened(&self, stage: Stage, detail: impl Into<String>) {
        self.send(stage, detail.into(), None);
    }

    pub(super) fn shown(&self, stage: Stage, detail: impl Into<String>, screen: String) {
        self.send(stage, detail.into(), Some(screen));
    }

    /// Waits until everything so far has been told: a person acts on what they have seen.
    pub(super) async fn caught_up(&self) {
        let (caught_up, all_told) = oneshot::channel();
        if self
            .telling
            .told
            .send(Told::CaughtUp(caught_up))
            .await
            .is_ok()
        {
            // An error means that nobody listens any more, so that nothing is left to wait for.
            all_told.await.ok();
        }
    }

    fn send(&self, stage: Stage, detail: String, screen: Option<String>) {
        let event = Event {
            part: self.part,
            stage,
            at: self.telling.elapsed(),
            detail,
            screen,
        };
        if let Err(error) = self.telling.told.try_send(Told::Event(event)) {
            tracing::error!(%error, "a stage of the story is not told");
        }
    }
}

impl Teller {
    /// Tells every event until the story is over; returns when each happened.
    pub(super) async fn tell_all(
        mut self,
        narrator: &mut impl Narrator,
        pace: Pace,
    ) -> Vec<StageTime> {
        let mut stages = Vec::new();
        while let Some(told) = self.0.recv().await {
            match told {
                Told::Event(event) => {
                    narrator.tell(&event);
                    stages.push(StageTime {
                        part: event.part,
                        name: event.stage,
                        ms: milliseconds(event.at),
                    });
                    if pace != Pace::FAST {
                        sleep(pace.pause()).await;
                    }
                }
                Told::CaughtUp(caught_up) => {
                    // Whoever waited may have been dropped meanwhile.
                    caught_up.send(()).ok();
                }
            }
        }
        stages
    }
}

/// More than a story has stages, so that none waits for the narrator.
const CAPACITY: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn events_keep_their_own_time_however_slowly_they_are_told() {
        let (telling, teller) = begin();
        let story = async {
            let part = telling.part(Part::Setup);
            part.happened(Stage::RelayUp, "");
            part.happened(Stage::SiteUp, "");
            part.caught_up().await;
            part.happened(Stage::PasswordAccepted, "");
            drop((telling, part));
        };
        let mut told = Vec::new();
        let start = Instant::now();
        let mut narrator = |event: &Event| told.push((event.stage, start.elapsed()));
        let pace = Pace::every(Duration::from_secs(1));
        let ((), stages) = tokio::join!(story, teller.tell_all(&mut narrator, pace));

        let happened: Vec<_> = stages.iter().map(|stage| stage.ms).collect();
        assert_eq!(happened, [0, 0, 2000]);
        assert_eq!(
            told,
            [
                (Stage::RelayUp, Duration::ZERO),
                (Stage::SiteUp, Duration::from_secs(1)),
                (Stage::PasswordAccepted, Duration::from_secs(2)),
            ]
        );
    }

    #[tokio::test]
    async fn without_a_narrator_nobody_waits() {
        let (telling, teller) = begin();
        drop(teller);
        let part = telling.part(Part::Setup);
        part.happened(Stage::RelayUp, "");
        part.caught_up().await;
    }
}
