//! Why a request is turned down, and how the client hears of it.

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident => $status:literal $reason:literal, $label:literal, $text:literal;)*) => {
        /// Why a request is turned down: one table for status, metric label and text.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Refusal {
            $($(#[$doc])* $name,)*
        }

        impl Refusal {
            /// Every refusal, for tables and metrics.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The HTTP status code.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// The HTTP reason phrase.
            #[must_use]
            pub const fn reason_phrase(self) -> &'static str {
                match self { $(Self::$name => $reason,)* }
            }

            /// The label in metrics and logs.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$name => $label,)* }
            }

            /// The body of the answer, for a human who looks.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

refusals! {
    /// Not HTTP.
    Malformed => 400 "Bad Request", "malformed", "malformed request";
    /// Longer than allowed, or more fields than a client of this service has.
    HeadTooLarge => 431 "Request Header Fields Too Large", "head_too_large", "request head too large";
    /// The head did not arrive in time.
    HeadTimedOut => 408 "Request Timeout", "head_timed_out", "request head did not arrive in time";
    /// HTTP/1.0, HTTP/2 or something else that is not HTTP/1.1.
    HttpVersion => 505 "HTTP Version Not Supported", "http_version", "this service speaks HTTP/1.1";
    /// No `Host` field, or several.
    Host => 400 "Bad Request", "host", "exactly one Host field is required";
    /// A body is announced.
    Body => 400 "Bad Request", "body", "a request here has no body";
    /// An `Expect` field.
    Expect => 417 "Expectation Failed", "expect", "this service meets no expectations";
    /// Not GET.
    Method => 405 "Method Not Allowed", "method", "only GET is allowed";
    /// Nothing is under this path.
    NotFound => 404 "Not Found", "not_found", "nothing here";
    /// Not a WebSocket handshake of version 13.
    NotWebSocket => 400 "Bad Request", "not_websocket", "a WebSocket handshake of version 13 is required";
    /// The sub-protocol is missing or another one.
    Subprotocol => 400 "Bad Request", "subprotocol", "the WebSocket sub-protocol fido.cable is required";
    /// The service is about to stop.
    Draining => 503 "Service Unavailable", "draining", "service is shutting down";
    /// No room for another waiting phone.
    Full => 503 "Service Unavailable", "full", "too many tunnels";
    /// The client has too many connections.
    ClientConnections => 429 "Too Many Requests", "client_connections", "too many connections from your network";
    /// The client has too many waiting tunnels.
    ClientWaiting => 429 "Too Many Requests", "client_waiting", "too many waiting tunnels from your network";
    /// The client opens tunnels too fast.
    ClientRate => 429 "Too Many Requests", "client_rate", "too many new tunnels from your network";
    /// A phone waits under this tunnel id.
    Taken => 409 "Conflict", "taken", "this tunnel is waiting already";
    /// No phone waits under this tunnel id, or at another instance.
    NoTunnel => 404 "Not Found", "no_tunnel", "no such tunnel";
    /// The instance that has the tunnel cannot be reached.
    PeerDown => 503 "Service Unavailable", "peer_down", "the instance with this tunnel cannot be reached";
    /// Too many requests are on their way to the instance that has the tunnel.
    PeerBusy => 503 "Service Unavailable", "peer_busy", "too many requests between instances";
    /// The instance that has the tunnel answered with an error.
    PeerRefused => 502 "Bad Gateway", "peer_refused", "the instance with this tunnel refused";
    /// Not from an instance of this service.
    PeerForged => 403 "Forbidden", "peer_forged", "not from an instance of this service";
    /// From an instance whose clock is wrong, or too late.
    PeerExpired => 403 "Forbidden", "peer_expired", "the token has expired, or the clocks differ";
    /// A copy of an instance's request.
    PeerReplayed => 403 "Forbidden", "peer_replayed", "this request was here before";
    /// An instance passed on what is not ours either.
    PeerLoop => 508 "Loop Detected", "peer_loop", "this tunnel is at a third instance";
}

impl Refusal {
    /// Seconds after which a retry makes sense, for the answer's `Retry-After`.
    #[must_use]
    pub const fn retry_after(self) -> Option<u8> {
        match self {
            Self::Draining | Self::ClientRate | Self::PeerDown | Self::PeerBusy => Some(1),
            Self::Full | Self::ClientConnections | Self::ClientWaiting => Some(5),
            _ => None,
        }
    }
}
