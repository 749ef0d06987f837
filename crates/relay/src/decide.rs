//! What becomes of a request: a pure function, so that a table can test it.

use data_encoding::BASE64;
use hawser_wire::header::SUBPROTOCOL;
use hawser_wire::{RoutingId, TunnelId, TunnelPath};

pub use crate::refusal::Refusal;
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
