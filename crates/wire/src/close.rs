//! Every way in which a tunnel ends.
//!
//! One table, so that the close code that a peer sees, the metric that an operator counts and the
//! line in the log can never disagree. Codes are those of RFC 6455 §7.4.1; they carry no meaning in
//! the hybrid protocol, where any close before the answer is a failed request.

/// Declares [`CloseReason`] and everything that is said of each, so that none can be left out.
macro_rules! close_reasons {
    ($($(#[$doc:meta])* $name:ident => $code:literal, $label:literal, $text:literal;)+) => {
        /// Why a tunnel service closed a tunnel.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum CloseReason {
            $($(#[$doc])* $name,)+
        }

        impl CloseReason {
            /// Every reason, for tables and metrics.
            pub const ALL: [Self; [$($code),+].len()] = [$(Self::$name),+];

            /// The WebSocket close code (RFC 6455 §7.4.1).
            #[must_use]
            pub const fn code(self) -> u16 {
                match self {
                    $(Self::$name => $code,)+
                }
            }

            /// The label in metrics and logs: lower-case words with underscores.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self {
                    $(Self::$name => $label,)+
                }
            }

            /// The text in the close frame: under 124 bytes, which is all that a control frame can hold.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

close_reasons! {
    /// A peer closed in good order; the other is told the same.
    PeerClosed => 1000, "peer_closed", "peer closed";
    /// A peer's connection broke without a close frame.
    PeerLost => 1001, "peer_lost", "peer lost";
    /// The service is shutting down.
    Draining => 1001, "draining", "service is shutting down";
    /// Nobody joined the tunnel in time.
    WaitingTimedOut => 1008, "waiting_timed_out", "nobody joined in time";
    /// The joined tunnel reached its longest life.
    SessionTimedOut => 1008, "session_timed_out", "session time is over";
    /// A peer accepted no bytes for too long.
    WriteStalled => 1008, "write_stalled", "peer reads too slowly";
    /// A peer sent a text message.
    TextMessage => 1003, "text_message", "text messages are not part of this protocol";
    /// A message is longer than allowed.
    MessageTooBig => 1009, "message_too_big", "message too big";
    /// A peer sent more messages than allowed.
    TooManyMessages => 1008, "too_many_messages", "too many messages";
    /// A peer sent more bytes than allowed.
    TooManyBytes => 1008, "too_many_bytes", "too many bytes";
    /// A peer sent too many control frames.
    TooManyControlFrames => 1008, "too_many_control_frames", "too many control frames";
    /// A peer broke RFC 6455.
    WebSocketViolation => 1002, "websocket_violation", "malformed WebSocket frame";
    /// A fault of the service itself.
    Internal => 1011, "internal", "internal fault";
}
