//! One end of a tunnel: whole binary messages over a WebSocket.

use std::fmt;
use std::io;
use std::time::Duration;

use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use hawser_wire::CloseReason;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use crate::Cause;
use crate::connect::ByteStream;

/// The longest message, in bytes, either way: what browsers read at most.
pub const MAX_MESSAGE_LEN: usize = 1024 * 1024;

/// How long [`Tunnel::close`] waits for the other side to answer.
pub const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// Most messages have fewer than 1000 bytes; a longer one takes several reads.
const READ_BUFFER_LEN: usize = 4096;

/// Room beside one longest message for its frame header and for control frames.
const FRAMING_ROOM: usize = 4096;

/// One end of a tunnel.
///
/// Pings are answered while a [`receive`](Self::receive) is under way, and only then: keep one
/// under way while a user decides, or a service may take this end for dead. Dropping a tunnel breaks
/// the connection, which the other side sees as a lost peer; [`close`](Self::close) is the polite
/// way.
pub struct Tunnel {
    socket: WebSocketStream<Box<dyn ByteStream>>,
    state: State,
}

/// Why a message could not be sent or received.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TunnelError {
    /// The connection broke without a close frame: the network, the service, or a crash.
    #[error("the connection to the tunnel service broke")]
    Lost(#[source] io::Error),
    /// The service closed the tunnel for a reason other than that its work is done.
    #[error("the tunnel service closed the tunnel (code {code}, {reason:?})")]
    Closed {
        /// The WebSocket close code (RFC 6455 §7.4.1), never 1000.
        code: u16,
        /// The service's text: at most 123 bytes, and not to be trusted.
        reason: String,
    },
    /// A text message came; the protocol has binary ones only.
    #[error("the tunnel service sent a text message, which the protocol does not have")]
    TextMessage,
    /// A message longer than [`MAX_MESSAGE_LEN`] came.
    #[error("the tunnel service sent a message longer than {MAX_MESSAGE_LEN} bytes")]
    MessageTooBig,
    /// The service broke RFC 6455.
    #[error("the tunnel service sent a malformed WebSocket frame")]
    WebSocket(#[source] Cause),
    /// The message to send is longer than [`MAX_MESSAGE_LEN`]. Nothing was sent; the tunnel lives.
    #[error("a message of {len} bytes is too long to send: the limit is {MAX_MESSAGE_LEN}")]
    SendTooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// The tunnel has ended before; an earlier call said how.
    #[error("the tunnel has ended")]
    Ended,
}

/// What is left of the tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    ClosedInGoodOrder,
    Failed,
}

impl Tunnel {
    pub(crate) fn new(socket: WebSocketStream<Box<dyn ByteStream>>) -> Self {
        Self {
            socket,
            state: State::Open,
        }
    }

    /// Sends one message and waits until the operating system has taken all of it.
    ///
    /// # Errors
    /// [`TunnelError::SendTooLong`], [`TunnelError::Lost`], [`TunnelError::Ended`]. After `Lost`
    /// a [`receive`](Self::receive) may still yield messages, and the reason of a close, that had
    /// arrived before.
    ///
    /// # Cancel safety
    /// Not cancel safe: a message whose future was dropped may be sent later or never. It is never
    /// sent in part.
    pub async fn send(&mut self, message: Vec<u8>) -> Result<(), TunnelError> {
        if self.state != State::Open {
            return Err(TunnelError::Ended);
        }
        if message.len() > MAX_MESSAGE_LEN {
            return Err(TunnelError::SendTooLong { len: message.len() });
        }
        self.socket
            .send(Message::binary(message))
            .await
            .map_err(|error| match error {
                WsError::Io(source) => TunnelError::Lost(source),
                _ => TunnelError::Ended,
            })
    }

    /// The next message; `None` when the tunnel was closed in good order: with code 1000 or
    /// without any.
    ///
    /// Whatever breaks the protocol ends the tunnel: the service is told with a close frame, and
    /// every later call fails with [`TunnelError::Ended`].
    ///
    /// # Errors
    /// Every [`TunnelError`] but [`SendTooLong`](TunnelError::SendTooLong).
    ///
    /// # Cancel safety
    /// Cancel safe: a message of which a part has arrived stays in the tunnel for the next call.
    pub async fn receive(&mut self) -> Result<Option<Vec<u8>>, TunnelError> {
        match self.state {
            State::Open => {}
            State::ClosedInGoodOrder => return Ok(None),
            State::Failed => return Err(TunnelError::Ended),
        }
        // Nothing below awaits but the next frame, so a dropped future leaves nothing half done.
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Binary(message))) => return Ok(Some(message.into())),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Text(_))) => {
                    return Err(self.fail(CloseReason::TextMessage, TunnelError::TextMessage));
                }
                Some(Ok(Message::Close(frame))) => return self.closed_by_service(frame),
                Some(Err(WsError::Capacity(_))) => {
                    return Err(self.fail(CloseReason::MessageTooBig, TunnelError::MessageTooBig));
                }
                Some(Err(WsError::Io(source))) => return Err(self.lost(source)),
                Some(Err(WsError::Protocol(ProtocolError::ResetWithoutClosingHandshake)))
                | None => {
                    return Err(self.lost(io::ErrorKind::UnexpectedEof.into()));
                }
                Some(Err(error)) => {
                    let error = TunnelError::WebSocket(error.into());
                    return Err(self.fail(CloseReason::WebSocketViolation, error));
                }
            }
        }
    }

    /// Closes the tunnel in good order (code 1000): sends what is still to be sent and waits for
    /// the other side's close frame, for at most [`CLOSE_LIMIT`]. Messages that come meanwhile are
    /// lost.
    ///
    /// # Cancel safety
    /// A future that is dropped breaks the connection.
    pub async fn close(mut self) {
        if self.state != State::Open {
            return;
        }
        let farewell = async {
            if self
                .socket
                .close(Some(close_frame(CloseReason::PeerClosed)))
                .await
                .is_ok()
            {
                while let Some(Ok(message)) = self.socket.next().await {
                    if message.is_close() {
                        break;
                    }
                }
            }
        };
        if tokio::time::timeout(CLOSE_LIMIT, farewell).await.is_err() {
            tracing::debug!("the tunnel service did not answer the close frame in time");
        }
    }

    fn closed_by_service(
        &mut self,
        frame: Option<CloseFrame>,
    ) -> Result<Option<Vec<u8>>, TunnelError> {
        // tungstenite has queued the answer. One try to write it: there is room in the socket
        // unless the service has long ceased to read, and then nobody waits for it.
        let _ = self.socket.flush().now_or_never();
        match frame {
            Some(frame) if frame.code != CloseCode::Normal => {
                self.state = State::Failed;
                Err(TunnelError::Closed {
                    code: frame.code.into(),
                    reason: frame.reason.as_str().to_owned(),
                })
            }
            _ => {
                self.state = State::ClosedInGoodOrder;
                Ok(None)
            }
        }
    }

    /// Ends the tunnel and tells the service why, as far as that is possible without waiting.
    fn fail(&mut self, reason: CloseReason, error: TunnelError) -> TunnelError {
        self.state = State::Failed;
        let _ = self.socket.close(Some(close_frame(reason))).now_or_never();
        error
    }

    fn lost(&mut self, source: io::Error) -> TunnelError {
        self.state = State::Failed;
        TunnelError::Lost(source)
    }
}

impl fmt::Debug for Tunnel {
    /// The state only: the socket's buffers hold messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tunnel")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Small and bounded: tungstenite's defaults hold 128 KiB and write into an endless buffer.
pub(crate) fn websocket_config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_LEN)
        .write_buffer_size(0)
        .max_write_buffer_size(MAX_MESSAGE_LEN + FRAMING_ROOM)
        .max_message_size(Some(MAX_MESSAGE_LEN))
        .max_frame_size(Some(MAX_MESSAGE_LEN))
}

fn close_frame(reason: CloseReason) -> CloseFrame {
    CloseFrame {
        code: reason.code().into(),
        reason: reason.text().into(),
    }
}
