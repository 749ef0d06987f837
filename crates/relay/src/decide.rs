//! What becomes of a request: a pure function, so that a table can test it.

use data_encoding::BASE64;
use hawser_wire::header::SUBPROTOCOL;
use hawser_wire::{RoutingId, TunnelId, TunnelPath};

use crate::request::RequestHead;

/// What a well-formed request gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// A phone opens a tunnel. Still to be checked: whether the id is free.
    Open {
        /// The tunnel's name.
        tunnel: TunnelId,
        /// For the answer's `Sec-WebSocket-Accept`.
        key: WebSocketKey,
    },
    /// A laptop joins a tunnel. Still to be checked: whether a phone waits there.
    Join {
        /// The tunnel's name.
        tunnel: TunnelId,
        /// For the answer's `Sec-WebSocket-Accept`.
        key: WebSocketKey,
    },
    /// A laptop asks for a tunnel of another instance.
    Elsewhere(Elsewhere),
    /// The page that says what this service is.
    Page,
    /// An error status.
    Refuse(Refusal),
}

/// A laptop's request for a tunnel that is not of this instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elsewhere {
    /// Whose tunnel it is.
    pub routing: RoutingId,
    /// The tunnel's name.
    pub tunnel: TunnelId,
    /// For the answer's `Sec-WebSocket-Accept`.
    pub key: WebSocketKey,
}

/// A valid `Sec-WebSocket-Key`: 16 bytes in base64 (RFC 6455 §4.1).
pub type WebSocketKey = [u8; 24];

/// The service's state, as far as it matters for a request.
#[derive(Debug, Clone, Copy)]
pub struct Conditions {
    /// New tunnels are refused, because the service is about to stop.
    pub draining: bool,
    /// There is no room for another waiting phone.
    pub full: bool,
    /// The routing id of this instance.
    pub routing_id: RoutingId,
}

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

/// Decides on a request. The order is fixed: method, path, WebSocket handshake, sub-protocol, room.
/// The pairing itself comes last, because looking and taking must be one step there.
#[must_use]
pub fn decide(head: &RequestHead<'_>, conditions: Conditions) -> Decision {
    match ask(head, conditions) {
        Ok(decision) => decision,
        Err(refusal) => Decision::Refuse(refusal),
    }
}

fn ask(head: &RequestHead<'_>, conditions: Conditions) -> Result<Decision, Refusal> {
    if head.method != "GET" {
        return Err(Refusal::Method);
    }
    let path = path_of(head.target).ok_or(Refusal::Malformed)?;
    if path == "/" {
        return Ok(Decision::Page);
    }
    let path = path.parse().map_err(|_| Refusal::NotFound)?;
    if matches!(path, TunnelPath::Contact(_)) {
        return Err(Refusal::NotFound);
    }
    let key = websocket_key(head).ok_or(Refusal::NotWebSocket)?;
    if !head.lists("sec-websocket-protocol", |name| {
        name == SUBPROTOCOL.as_bytes()
    }) {
        return Err(Refusal::Subprotocol);
    }
    match path {
        TunnelPath::New(_) if conditions.draining => Err(Refusal::Draining),
        TunnelPath::New(_) if conditions.full => Err(Refusal::Full),
        TunnelPath::New(tunnel) => Ok(Decision::Open { tunnel, key }),
        TunnelPath::Connect(routing, tunnel) if routing == conditions.routing_id => {
            Ok(Decision::Join { tunnel, key })
        }
        TunnelPath::Connect(routing, tunnel) => Ok(Decision::Elsewhere(Elsewhere {
            routing,
            tunnel,
            key,
        })),
        TunnelPath::Contact(_) => Err(Refusal::NotFound),
    }
}

/// The path in a request target. A server must accept the absolute form too (RFC 9112 §3.2.2).
fn path_of(target: &str) -> Option<&str> {
    if target.starts_with('/') {
        return Some(target);
    }
    let url = http::Uri::try_from(target).ok()?;
    url.scheme()?;
    let path = url.path_and_query()?.as_str();
    // The parsed URL ends here; its text is the end of the target unless the path was left out.
    if target.ends_with(path) {
        target.get(target.len() - path.len()..)
    } else {
        Some("/")
    }
}

/// The key of a WebSocket handshake (RFC 6455 §4.2.1), if the request is one.
fn websocket_key(head: &RequestHead<'_>) -> Option<WebSocketKey> {
    let is = |name: &'static [u8]| move |token: &[u8]| token.eq_ignore_ascii_case(name);
    if !head.lists("connection", is(b"upgrade")) || !head.lists("upgrade", is(b"websocket")) {
        return None;
    }
    if only(head, "sec-websocket-version")? != b"13" {
        return None;
    }
    let key = WebSocketKey::try_from(only(head, "sec-websocket-key")?).ok()?;
    BASE64
        .decode(&key)
        .ok()
        .filter(|raw| raw.len() == 16)
        .map(|_| key)
}

/// The value of a field that may stand in a request once.
pub(crate) fn only<'a>(head: &RequestHead<'a>, name: &str) -> Option<&'a [u8]> {
    let mut values = head.values(name);
    let value = values.next()?;
    values.next().is_none().then_some(value)
}
