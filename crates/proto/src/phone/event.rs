//! What a phone learns from the laptop's messages.

use std::fmt;

/// What a phone learns from a message.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PhoneEvent {
    /// The laptop has proved that it showed the QR code, or has the link: stop advertising.
    Ready,
    /// A CTAP request: a command byte, then CBOR (CTAP 2.2 §8.2). It waits for
    /// [`respond`](crate::PhoneSession::respond).
    Request(Vec<u8>),
    /// A JSON request. It waits for [`respond_json`](crate::PhoneSession::respond_json).
    JsonRequest(Vec<u8>),
    /// The laptop needs the session no more: close the tunnel. A request that was waiting is void.
    Shutdown,
}

/// Shows the length of a request, never the request.
impl fmt::Debug for PhoneEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => f.write_str("Ready"),
            Self::Request(request) => write!(f, "Request({} bytes)", request.len()),
            Self::JsonRequest(request) => write!(f, "JsonRequest({} bytes)", request.len()),
            Self::Shutdown => f.write_str("Shutdown"),
        }
    }
}
