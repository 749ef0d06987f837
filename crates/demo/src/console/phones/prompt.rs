//! The person with the phone, as a page: shown what is asked, heard with their decision.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hawser_phone::{Approver, Ask, Decision};
use tokio::sync::{oneshot, watch};

use super::refusal::PhoneRefusal;
use super::screen::{AskView, Screen};
use crate::console::wire::{Eye, Wire};

/// A phone's screen, and where its buttons lead.
pub(in crate::console) struct Prompt {
    pub(super) screen: watch::Sender<Screen>,
    pending: Mutex<Pending>,
    wire: Wire,
}

/// The question that waits for a decision.
#[derive(Default)]
struct Pending {
    /// How many there were; the number of the latest.
    asked: u64,
    decision: Option<oneshot::Sender<Decision>>,
}

/// Asks on the page.
pub(super) struct PagePerson(Arc<Prompt>);

impl PagePerson {
    pub(super) fn new(prompt: Arc<Prompt>) -> Self {
        Self(prompt)
    }
}

impl Prompt {
    pub(super) fn new(wire: Wire) -> Self {
        Self {
            screen: watch::Sender::new(Screen::default()),
            pending: Mutex::default(),
            wire,
        }
    }

    /// Hands over what the person decided about a question.
    pub(in crate::console) fn decide(
        &self,
        number: u64,
        decision: Decision,
    ) -> Result<(), PhoneRefusal> {
        let mut pending = self.pending();
        if pending.asked != number {
            return Err(PhoneRefusal::NothingAsked);
        }
        let asked = pending.decision.take().ok_or(PhoneRefusal::NothingAsked)?;
        asked.send(decision).map_err(|_| PhoneRefusal::NothingAsked)
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Approver for PagePerson {
    async fn approve(&self, ask: &Ask<'_>) -> Decision {
        let mut view = AskView::from(ask);
        let asked = format!(
            "asks its person: {} for {}?",
            view.title.to_lowercase(),
            view.site
        );
        self.0.wire.saw(Eye::Phone, asked);
        let (decided, decision) = oneshot::channel();
        {
            let mut pending = self.0.pending();
            pending.asked += 1;
            view.number = pending.asked;
            pending.decision = Some(decided);
        }
        self.0.screen.send_modify(|screen| screen.ask = Some(view));
        let _withdrawn = Withdrawn(&self.0);
        let decision = decision.await.unwrap_or(Decision::Decline);
        self.0.wire.saw(
            Eye::Phone,
            match decision {
                Decision::Decline => "the person declines",
                _ => "the person approves",
            },
        );
        decision
    }
}

/// Takes the sheet away, whether the person decided or the laptop went.
struct Withdrawn<'a>(&'a Prompt);

impl Drop for Withdrawn<'_> {
    fn drop(&mut self) {
        self.0.pending().decision.take();
        self.0.screen.send_modify(|screen| screen.ask = None);
    }
}
