//! Every way in which a tunnel ends.
//!
//! One table, so that the close code that a peer sees, the metric that an operator counts and the
//! line in the log can never disagree. Codes are those of RFC 6455 §7.4.1; they carry no meaning in
//! the hybrid protocol, where any close before the answer is a failed request.

/// Why a tunnel service closed a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CloseReason {
    /// A peer closed in good order; the other is told the same.
    PeerClosed,
    /// A peer's connection broke without a close frame.
    PeerLost,
    /// The service is shutting down.
    Draining,
    /// Nobody joined the tunnel in time.
    WaitingTimedOut,
    /// The joined tunnel reached its longest life.
    SessionTimedOut,
    /// A peer accepted no bytes for too long.
    WriteStalled,
    /// A peer sent a text message.
    TextMessage,
    /// A message is longer than allowed.
    MessageTooBig,
    /// A peer sent more messages than allowed.
    TooManyMessages,
    /// A peer sent more bytes than allowed.
    TooManyBytes,
    /// A peer sent too many control frames.
    TooManyControlFrames,
    /// A peer broke RFC 6455.
    WebSocketViolation,
    /// A fault of the service itself.
    Internal,
}

impl CloseReason {
    /// Every reason, for tables and metrics.
    pub const ALL: [Self; 13] = [
        Self::PeerClosed,
        Self::PeerLost,
        Self::Draining,
        Self::WaitingTimedOut,
        Self::SessionTimedOut,
        Self::WriteStalled,
        Self::TextMessage,
        Self::MessageTooBig,
        Self::TooManyMessages,
        Self::TooManyBytes,
        Self::TooManyControlFrames,
        Self::WebSocketViolation,
        Self::Internal,
    ];

    /// The WebSocket close code (RFC 6455 §7.4.1).
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::PeerClosed => 1000,
            Self::PeerLost | Self::Draining => 1001,
            Self::WebSocketViolation => 1002,
            Self::TextMessage => 1003,
            Self::WaitingTimedOut
            | Self::SessionTimedOut
            | Self::WriteStalled
            | Self::TooManyMessages
            | Self::TooManyBytes
            | Self::TooManyControlFrames => 1008,
            Self::MessageTooBig => 1009,
            Self::Internal => 1011,
        }
    }

    /// The text in the close frame: under 124 bytes, which is all that a control frame can hold.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::PeerClosed => "peer closed",
            Self::PeerLost => "peer lost",
            Self::Draining => "service is shutting down",
            Self::WaitingTimedOut => "nobody joined in time",
            Self::SessionTimedOut => "session time is over",
            Self::WriteStalled => "peer reads too slowly",
            Self::TextMessage => "text messages are not part of this protocol",
            Self::MessageTooBig => "message too big",
            Self::TooManyMessages => "too many messages",
            Self::TooManyBytes => "too many bytes",
            Self::TooManyControlFrames => "too many control frames",
            Self::WebSocketViolation => "malformed WebSocket frame",
            Self::Internal => "internal fault",
        }
    }

    /// The label in metrics and logs: lower-case words with underscores.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::PeerClosed => "peer_closed",
            Self::PeerLost => "peer_lost",
            Self::Draining => "draining",
            Self::WaitingTimedOut => "waiting_timed_out",
            Self::SessionTimedOut => "session_timed_out",
            Self::WriteStalled => "write_stalled",
            Self::TextMessage => "text_message",
            Self::MessageTooBig => "message_too_big",
            Self::TooManyMessages => "too_many_messages",
            Self::TooManyBytes => "too_many_bytes",
            Self::TooManyControlFrames => "too_many_control_frames",
            Self::WebSocketViolation => "websocket_violation",
            Self::Internal => "internal",
        }
    }

    /// Whose doing it was, for the choice of a log level: only [`Fault::Service`] deserves an
    /// operator's attention.
    #[must_use]
    pub const fn fault(self) -> Fault {
        match self {
            Self::PeerClosed | Self::Draining => Fault::Nobody,
            Self::Internal => Fault::Service,
            _ => Fault::Peer,
        }
    }
}

/// Whose doing the end of a tunnel was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The tunnel ended as it should.
    Nobody,
    /// A peer misbehaved, vanished or was too slow: counted, logged for debugging only.
    Peer,
    /// The service is at fault: an operator should know.
    Service,
}
