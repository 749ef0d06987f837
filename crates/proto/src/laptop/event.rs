//! What a laptop learns from the phone's messages.

use std::fmt;

use crate::linking::Link;
use crate::post_handshake::PostHandshake;

/// What a laptop learns from a message.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LaptopEvent {
    /// The tunnel service has announced the phone; the handshake goes on.
    PhoneJoined,
    /// The phone has introduced itself: requests can be sent.
    Ready(PostHandshake),
    /// The reply to a CTAP request: a status byte, then CBOR (CTAP 2.2 §8.2).
    Reply(Vec<u8>),
    /// The reply to a JSON request.
    JsonReply(Vec<u8>),
    /// The phone offers to be reached without a QR code from now on, and has proved that it is the
    /// phone of this session. Storing it is the app's decision.
    Linked(Link),
    /// The phone offered to link, but the offer is malformed or its signature does not verify.
    /// Store nothing; the session goes on, since the reply does not depend on it.
    LinkRejected,
    /// The phone needs the session no more. It does not close the tunnel by this.
    PhoneShutdown,
}

/// Shows the length of a reply, never the reply.
impl fmt::Debug for LaptopEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PhoneJoined => f.write_str("PhoneJoined"),
            Self::Ready(phone) => f.debug_tuple("Ready").field(phone).finish(),
            Self::Reply(reply) => write!(f, "Reply({} bytes)", reply.len()),
            Self::JsonReply(reply) => write!(f, "JsonReply({} bytes)", reply.len()),
            Self::Linked(_) => f.write_str("Linked(..)"),
            Self::LinkRejected => f.write_str("LinkRejected"),
            Self::PhoneShutdown => f.write_str("PhoneShutdown"),
        }
    }
}
