//! The person with the phone, as a page: shown what is asked, heard with their decision.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hawser_phone::{Approver, Ask, Decision, Operation};
use serde::Serialize;
use tokio::sync::{oneshot, watch};

use super::phones::{PhoneRefusal, Screen};
use super::wire::{Eye, Wire};

/// A phone's screen, and where its buttons lead.
pub(super) struct Prompt {
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

/// What the sheet on the phone says.
#[derive(Debug, Clone, Serialize)]
pub(super) struct AskView {
    /// Comes back with the decision: a button pressed for one question does not answer the next.
    number: u64,
    /// What approval does.
    title: &'static str,
    /// What the button says.
    button: &'static str,
    site: String,
    /// The name that the site gives itself.
    site_name: Option<String>,
    accounts: Vec<AccountView>,
    /// Whether the phone checks who holds it.
    verifies: bool,
}

#[derive(Debug, Clone, Serialize)]
struct AccountView {
    name: String,
    display_name: String,
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
    pub(super) fn decide(&self, number: u64, decision: Decision) -> Result<(), PhoneRefusal> {
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

impl From<&Ask<'_>> for AskView {
    fn from(ask: &Ask<'_>) -> Self {
        let (title, button) = match ask.operation {
            Operation::Register => ("Create a passkey", "Create with fingerprint"),
            Operation::SignIn => ("Sign in", "Sign in with fingerprint"),
            Operation::AlreadyRegistered => ("This phone has a passkey already", "Tell the laptop"),
            _ => ("No passkey for this site", "Tell the laptop"),
        };
        let accounts = ask.accounts.iter().map(|account| AccountView {
            name: shown(account.name),
            display_name: shown(account.display_name),
        });
        Self {
            number: 0,
            title,
            button,
            site: shown(Some(ask.rp_id)),
            site_name: ask.rp_name.map(|name| shown(Some(name))),
            accounts: accounts.take(MAX_ACCOUNTS).collect(),
            verifies: ask.user_verification,
        }
    }
}

/// Texts come from the laptop: as long as a line at most.
fn shown(text: Option<&str>) -> String {
    let text = text.unwrap_or_default();
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}\u{2026}", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

const MAX_SHOWN: usize = 64;
/// Accounts to choose among on one sheet.
const MAX_ACCOUNTS: usize = 16;
