//! What a phone's page shows.

use hawser_phone::{Ask, Operation};
use serde::Serialize;

/// All of it: sent whole whenever something on it changes.
#[derive(Debug, Clone, Default, Serialize)]
pub(in crate::console) struct Screen {
    /// What it does.
    pub(super) state: State,
    /// One sentence about it.
    pub(super) words: String,
    /// What its person is asked.
    pub(super) ask: Option<AskView>,
    /// Its passkeys, newest first.
    pub(super) passkeys: Vec<PasskeyView>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// In the pocket.
    #[default]
    Idle,
    /// Scanned a code, and is on its way to the laptop.
    Connecting,
    /// The laptop is there.
    Connected,
    /// The last session went well.
    Done,
    /// The last session did not.
    Failed,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct PasskeyView {
    pub(super) id: String,
    pub(super) site: String,
    pub(super) user: String,
}

/// What the sheet on the phone says.
#[derive(Debug, Clone, Serialize)]
pub(super) struct AskView {
    /// Comes back with the decision: a button pressed for one question does not answer the next.
    pub(super) number: u64,
    /// What approval does.
    pub(super) title: &'static str,
    /// What the button says.
    button: &'static str,
    pub(super) site: String,
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
