//! What both sessions have in common.

use crate::frame::{Frame, FrameError, FrameKind};
use crate::noise::{NoiseError, Secured};
use crate::post_handshake::PostHandshakeError;
use crate::record::{OpenError, Opener, SealError, Sealer};
use crate::update::UpdateError;

/// What came of a received message: values, so that nothing is left to be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Step<E> {
    /// Messages for the peer, in order, one message of the carrier each. Send them before anything
    /// that a later call gives.
    pub send: Vec<Vec<u8>>,
    /// What the app should know. `None` when the message meant nothing to it.
    pub event: Option<E>,
}

impl<E> Step<E> {
    pub(crate) const fn new(event: Option<E>) -> Self {
        Self {
            send: Vec::new(),
            event,
        }
    }
}

/// Why a session refused a message or a call.
///
/// An error from `receive` ends the session: the peer broke the protocol, or somebody altered its
/// messages. Close the tunnel; every later call gives [`Closed`](Self::Closed). An error from any
/// other call means that nothing is to be sent, and leaves the session as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The peer's handshake message was refused.
    #[error("handshake failed")]
    Handshake(#[source] NoiseError),
    /// The tunnel service said that it would announce the phone, and sent something else first.
    #[error("expected the connection signal, found a message of {len} bytes")]
    ConnectionSignal {
        /// Bytes in the message.
        len: usize,
    },
    /// A message could not be opened.
    #[error("message refused")]
    Open(#[source] OpenError),
    /// The phone's first message is malformed.
    #[error("the phone's introduction is malformed")]
    PostHandshake(#[source] PostHandshakeError),
    /// A message is not a frame.
    #[error("malformed frame")]
    Frame(#[source] FrameError),
    /// An update is malformed.
    #[error("malformed update")]
    Update(#[source] UpdateError),
    /// A frame that the peer may not send now: a reply that nobody asked for, a second request
    /// before the reply to the first, a request for what was not offered, a shutdown instead of a
    /// reply.
    #[error("unexpected {0} frame")]
    Unexpected(FrameKind),
    /// The reply has another type than the request.
    #[error("{reply} reply to a {requested} request")]
    WrongReply {
        /// The type of the request.
        requested: FrameKind,
        /// The type of the reply.
        reply: FrameKind,
    },
    /// A message could not be sealed.
    #[error("message not sealed")]
    Seal(#[source] SealError),
    /// The peer has not introduced itself yet: wait for the `Ready` event.
    #[error("the session is not ready yet")]
    NotReady,
    /// A request is waiting for its reply: at most one can.
    #[error("a request is already waiting for its reply")]
    Busy,
    /// There is no request to respond to.
    #[error("there is no request to respond to")]
    NoRequest,
    /// A request or response without a byte in it.
    #[error("empty message")]
    Empty,
    /// The phone does not offer this type of request.
    #[error("the phone does not offer {0} requests")]
    NotOffered(FrameKind),
    /// One side has shut the session down. Start another.
    #[error("the session was shut down")]
    ShutDown,
    /// An earlier error ended the session. Start another.
    #[error("the session ended with an earlier error")]
    Closed,
}

/// Both directions of the record layer, carrying frames.
pub(crate) struct Channel {
    sealer: Sealer,
    opener: Opener,
}

impl Channel {
    pub(crate) fn new(secured: Secured) -> Self {
        let (sealer, opener) = secured.into_records();
        Self { sealer, opener }
    }

    pub(crate) fn send(
        &mut self,
        kind: FrameKind,
        payload: &[u8],
    ) -> Result<Vec<u8>, SessionError> {
        self.send_plain(&Frame::encode(kind, payload))
    }

    pub(crate) fn receive(&mut self, message: &[u8]) -> Result<Frame, SessionError> {
        Frame::decode(self.receive_plain(message)?).map_err(SessionError::Frame)
    }

    /// Sends what is no frame: the phone's introduction.
    pub(crate) fn send_plain(&mut self, plaintext: &[u8]) -> Result<Vec<u8>, SessionError> {
        self.sealer.seal(plaintext).map_err(SessionError::Seal)
    }

    /// Receives what is no frame: the phone's introduction.
    pub(crate) fn receive_plain(
        &mut self,
        message: &[u8],
    ) -> Result<zeroize::Zeroizing<Vec<u8>>, SessionError> {
        self.opener.open(message).map_err(SessionError::Open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::TrafficKey;

    /// 16,777,215 messages in one direction are more than any session has, and too many for a test to
    /// send; so this one starts just before.
    #[test]
    fn a_session_ends_with_the_counter_of_its_records() {
        let key = TrafficKey::from_bytes([2; 32]);
        let mut channel = Channel {
            sealer: Sealer::before_the_limit(&key),
            opener: Opener::before_the_limit(&key),
        };
        let last = channel.send(FrameKind::Ctap, b"last").unwrap();
        let frame = channel.receive(&last).unwrap();
        assert_eq!(
            (frame.kind(), frame.payload()),
            (FrameKind::Ctap, &b"last"[..])
        );

        assert_eq!(
            channel.send(FrameKind::Ctap, b"more"),
            Err(SessionError::Seal(SealError::CounterExhausted))
        );
        assert_eq!(
            channel.receive(&last),
            Err(SessionError::Open(OpenError::CounterExhausted))
        );
    }
}
