//! CTAP2 messages (CTAP 2.2 §6, §8): a command byte and CBOR in, a status byte and CBOR out.
//!
//! Only what crosses the wire is here; what the commands do is in [`crate::authenticator`].

mod canonical;
mod request;

use passkey_types::ctap2::StatusCode;
use serde::Serialize;

pub(crate) use canonical::to_canonical;
pub(crate) use request::{GetAssertion, Request, decode};

/// `authenticatorSelection`: over hybrid it means that the person chose another device, so a phone
/// ends the session on it.
pub(crate) const SELECTION: u8 = 0x0B;

/// The status byte of a reply that did what was asked.
pub(crate) const OK: u8 = 0x00;

/// The status byte of a fault that has no name (`CTAP1_ERR_OTHER`).
pub(crate) const OTHER: u8 = 0x7F;

/// A whole reply: the status byte, followed by canonical CBOR when it is [`OK`].
pub(crate) fn reply<T: Serialize>(outcome: Result<T, StatusCode>) -> Vec<u8> {
    match outcome.and_then(|response| to_canonical(&response).map_err(StatusCode::from)) {
        Ok(body) => [&[OK], body.as_slice()].concat(),
        Err(status) => vec![status.into()],
    }
}
