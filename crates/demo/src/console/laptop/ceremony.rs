//! One ceremony: whose it is, its code, and how far it has come.

use std::time::Instant;

use hawser_laptop::{Canceller, Invite};
use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;

use crate::relying_party::store::SessionSecret;

/// One ceremony at the laptop.
pub(in crate::console) struct Ceremony {
    /// Whoever began it; nobody else may look.
    pub(super) owner: SessionSecret,
    /// What the QR code says.
    code: String,
    pub(super) begun: Instant,
    canceller: Canceller,
    view: watch::Sender<View>,
}

/// What the page shows of a ceremony.
#[derive(Debug, Clone, Default, Serialize)]
pub(in crate::console) struct View {
    /// The stages that were reached, in order.
    stages: Vec<StageView>,
    /// What to hand to the site, at the end of a good one.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<Value>,
    /// What went wrong, at the end of a bad one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) failure: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
struct StageView {
    name: &'static str,
    ms: u64,
}

impl Ceremony {
    pub(super) fn new(owner: SessionSecret, invite: &Invite) -> Self {
        Self {
            owner,
            code: invite.uri(),
            begun: Instant::now(),
            canceller: invite.canceller(),
            view: watch::Sender::new(View::default()),
        }
    }

    pub(in crate::console) fn code(&self) -> &str {
        &self.code
    }

    pub(in crate::console) fn watch(&self) -> watch::Receiver<View> {
        self.view.subscribe()
    }

    pub(in crate::console) fn cancel(&self) {
        self.canceller.cancel();
    }

    /// Shows that a stage was reached.
    pub(super) fn reach(&self, name: &'static str) {
        let ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.view
            .send_modify(|view| view.stages.push(StageView { name, ms }));
    }

    /// Shows how it ended: with an answer for the site, or with words for the person.
    pub(super) fn end(&self, outcome: Result<Value, String>) {
        self.view.send_modify(|view| match outcome {
            Ok(answer) => view.answer = Some(answer),
            Err(words) => view.failure = Some(words),
        });
    }

    pub(super) fn is_over(&self) -> bool {
        self.view.borrow().is_over()
    }

    pub(super) fn waits_for_scan(&self) -> bool {
        let view = self.view.borrow();
        let reached: Vec<_> = view.stages.iter().map(|stage| stage.name).collect();
        !view.is_over() && reached == ["waiting-for-scan"]
    }
}

impl View {
    pub(super) fn is_over(&self) -> bool {
        self.answer.is_some() || self.failure.is_some()
    }
}
