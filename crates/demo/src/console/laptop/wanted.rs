//! What a page wants of a phone.

use std::fmt::Write as _;

use hawser_laptop::Hint;
use hawser_laptop::webauthn::{Authentication, OptionsError, Origin, Registration};
use serde::Deserialize;
use serde_json::Value;

/// What the page wants done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::console) enum Operation {
    Register,
    SignIn,
}

/// A request for the phone.
pub(super) enum Wanted {
    Registration(Registration),
    Authentication(Authentication),
}

impl Wanted {
    /// From the options of `navigator.credentials`.
    pub(super) fn new(
        operation: Operation,
        options: &Value,
        origin: &Origin,
    ) -> Result<Self, OptionsError> {
        let json = options.to_string();
        match operation {
            Operation::Register => Registration::from_json(&json, origin).map(Self::Registration),
            Operation::SignIn => Authentication::from_json(&json, origin).map(Self::Authentication),
        }
    }

    pub(super) const fn hint(&self) -> Hint {
        match self {
            Self::Registration(_) => Hint::MakeCredential,
            Self::Authentication(_) => Hint::GetAssertion,
        }
    }

    /// What the wire view says of it.
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::Registration(wanted) => {
                let request = wanted.request();
                let site = &request.relying_party.id;
                format!(
                    "is asked by {site} for a new passkey for {}",
                    request.user.name
                )
            }
            Self::Authentication(wanted) => {
                let request = wanted.request();
                let mut words = format!("is asked by {} for a signature", request.relying_party_id);
                let allowed = request.allow.len();
                if allowed > 0 {
                    let plural = if allowed == 1 { "" } else { "s" };
                    // Writing to a string cannot fail.
                    write!(words, " with one of {allowed} passkey{plural}").ok();
                }
                words
            }
        }
    }
}
