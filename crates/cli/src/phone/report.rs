//! What came of the session, for a person and for a program.

use hawser_laptop::ctap::Status;
use hawser_phone::phone::Ending;
use hawser_phone::{Hint, Operation, PhoneOutcome};
use serde_json::{Value, json};

/// Whether the laptop got what a person was asked for.
pub(super) fn fulfilled(outcome: &PhoneOutcome) -> bool {
    outcome
        .answers
        .iter()
        .any(|answer| answer.asked.is_some() && answer.status == OK)
}

pub(super) fn verdict(outcome: &PhoneOutcome) -> &'static str {
    if fulfilled(outcome) {
        return "The laptop has what it asked for.";
    }
    match outcome.answers.last().map(|answer| answer.status) {
        Some(DENIED) => "Declined: the laptop was told so, and got nothing.",
        Some(NO_CREDENTIALS) => "This phone has no passkey for that site: the laptop was told so.",
        Some(EXCLUDED) => {
            "This phone has a passkey for that account already: the laptop was told so."
        }
        _ => "The laptop got nothing.",
    }
}

pub(super) fn json(outcome: &PhoneOutcome) -> Value {
    let answers: Vec<Value> = outcome
        .answers
        .iter()
        .map(|answer| {
            let (operation, rp_id) = answer.asked.clone().unzip();
            json!({
                "operation": operation.map(name),
                "rp_id": rp_id,
                "status": answer.status,
            })
        })
        .collect();
    json!({
        "fulfilled": fulfilled(outcome),
        "ending": match outcome.ending {
            Ending::Shutdown => "shutdown",
            Ending::Closed => "closed",
            Ending::Silence => "silence",
            _ => "another_device",
        },
        "answers": answers,
    })
}

pub(super) fn error_json(words: &str) -> Value {
    json!({"fulfilled": false, "error": words})
}

/// A CTAP status in words.
pub(super) fn status(code: u8) -> String {
    if code == OK {
        return "the laptop has it".to_owned();
    }
    format!("no: {}", Status::from_code(code))
}

pub(super) const fn intention(hint: Hint) -> &'static str {
    match hint {
        Hint::MakeCredential => "want a new passkey",
        Hint::GetAssertion => "want to sign in",
        _ => "want a digital credential",
    }
}

const fn name(operation: Operation) -> &'static str {
    match operation {
        Operation::Register => "register",
        Operation::SignIn => "sign_in",
        Operation::AlreadyRegistered => "already_registered",
        _ => "no_passkey",
    }
}

// CTAP 2.2 §8.2.
const OK: u8 = 0x00;
const EXCLUDED: u8 = 0x19;
const DENIED: u8 = 0x27;
const NO_CREDENTIALS: u8 = 0x2E;
