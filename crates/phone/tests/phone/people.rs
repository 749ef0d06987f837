//! People with a phone: approvers whose decisions are known beforehand.

use std::sync::{Arc, Mutex};

use hawser_phone::{Account, Approver, Ask, Decision, Operation};

/// Decides always the same, and remembers what was asked.
#[derive(Clone)]
pub(crate) struct Person {
    decision: Decision,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// An [`Ask`] to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) operation: Operation,
    pub(crate) rp_id: String,
    pub(crate) rp_name: Option<String>,
    /// Name and display name.
    pub(crate) accounts: Vec<(Option<String>, Option<String>)>,
    pub(crate) user_verification: bool,
}

impl Person {
    pub(crate) fn who_decides(decision: Decision) -> Self {
        Self {
            decision,
            asked: Arc::default(),
        }
    }

    pub(crate) fn who_approves() -> Self {
        Self::who_decides(Decision::Approve)
    }

    pub(crate) fn who_declines() -> Self {
        Self::who_decides(Decision::Decline)
    }

    /// Everything asked since the last call.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

impl Approver for Person {
    async fn approve(&self, ask: &Ask<'_>) -> Decision {
        self.asked.lock().unwrap().push(ask.into());
        self.decision
    }
}

impl From<&Ask<'_>> for Asked {
    fn from(ask: &Ask<'_>) -> Self {
        let account = |account: &Account<'_>| {
            let name = account.name.map(str::to_owned);
            (name, account.display_name.map(str::to_owned))
        };
        Self {
            operation: ask.operation,
            rp_id: ask.rp_id.to_owned(),
            rp_name: ask.rp_name.map(str::to_owned),
            accounts: ask.accounts.iter().map(account).collect(),
            user_verification: ask.user_verification,
        }
    }
}

/// Never decides.
#[derive(Clone, Default)]
pub(crate) struct Undecided {
    pub(crate) asked: Arc<tokio::sync::Notify>,
    /// Dropped with the prompt.
    pub(crate) prompts: Arc<()>,
}

impl Approver for Undecided {
    async fn approve(&self, _: &Ask<'_>) -> Decision {
        let _prompt = Arc::clone(&self.prompts);
        self.asked.notify_one();
        std::future::pending().await
    }
}
