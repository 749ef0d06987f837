//! A session with a laptop that is a script, on a clock that is paused: every way in which it ends.

mod conversation;
mod own_authenticator;
mod script;
mod time;

use super::*;

/// A sign-in at `example.com` without options; the phone has no passkey for it.
const SIGN_IN: &[u8] = b"\x02\xA2\x01\x6Bexample.com\x02\x58\x20................................";
const DENIED: u8 = 0x27;
const NO_CREDENTIALS: u8 = 0x2E;
const USER_ACTION_TIMEOUT: u8 = 0x2F;

fn statuses(outcome: &PhoneOutcome) -> Vec<u8> {
    outcome.answers.iter().map(|answer| answer.status).collect()
}
