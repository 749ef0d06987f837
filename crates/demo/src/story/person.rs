//! The person who holds the phone.

use hawser_phone::{Approver, Ask, Decision, Operation};

use super::Approval;
use super::stage::{Part, Stage};
use super::telling::Telling;

/// Reads the prompt, and decides as the options say.
pub(super) struct Person {
    approval: Approval,
    telling: Telling,
}

impl Person {
    pub(super) fn new(approval: Approval, telling: Telling) -> Self {
        Self { approval, telling }
    }
}

impl Approver for Person {
    async fn approve(&self, ask: &Ask<'_>) -> Decision {
        let telling = self.telling.part(match ask.operation {
            Operation::SignIn => Part::SignIn,
            _ => Part::Register,
        });
        telling.caught_up().await;
        let prompt = prompt(ask);
        match self.approval {
            Approval::Approves => {
                telling.happened(Stage::Approved, format!("on the phone: {prompt} Yes."));
                Decision::Approve
            }
            Approval::Declines => {
                telling.happened(Stage::Declined, format!("on the phone: {prompt} No."));
                Decision::Decline
            }
        }
    }
}

/// What the phone shows. The relying party id comes first, because nobody can choose it freely.
fn prompt(ask: &Ask<'_>) -> String {
    let question = match ask.operation {
        Operation::Register => "make a passkey",
        Operation::SignIn => "sign in",
        _ => "tell the laptop what is on this phone",
    };
    let account = ask.accounts.first().and_then(|account| account.name);
    match account {
        Some(account) => format!("{}: {question} as {account}?", ask.rp_id),
        None => format!("{}: {question}?", ask.rp_id),
    }
}
