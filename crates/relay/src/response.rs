//! The few answers that this service gives.

use std::fmt::Write as _;

use hawser_wire::RoutingId;
use hawser_wire::header::SUBPROTOCOL;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::decide::WebSocketKey;
use crate::refusal::Refusal;

/// What `GET /` shows.
const PAGE: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Hawser tunnel service</title>\
<h1>Hawser tunnel service</h1>\
<p>This is a tunnel service for passkey sign-in with a phone (FIDO hybrid transport, CTAP 2.2). \
It connects a phone with a laptop and passes on messages that only those two can read.\
<p>There is nothing to see here in a browser.\n";

/// The answer that turns a connection into a WebSocket. A phone learns our routing id by it.
pub(crate) fn switching(key: &WebSocketKey, routing_id: Option<RoutingId>) -> String {
    let mut answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\n\
         Upgrade: websocket\r\n\
         Connection: Upgrade\r\n\
         Sec-WebSocket-Accept: {}\r\n\
         Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n",
        derive_accept_key(key)
    );
    if let Some(routing_id) = routing_id {
        // Writing to a string does not fail. The field's name has the case of the specification.
        let _ = write!(answer, "X-caBLE-Routing-ID: {}\r\n", routing_id.to_hex());
    }
    answer.push_str("\r\n");
    answer
}

/// An error answer. The connection ends behind it.
pub(crate) fn refused(refusal: Refusal) -> String {
    let mut fields = String::new();
    match refusal {
        Refusal::Method => fields.push_str("Allow: GET\r\n"),
        Refusal::NotWebSocket => fields.push_str("Sec-WebSocket-Version: 13\r\n"),
        _ => {}
    }
    if let Some(seconds) = refusal.retry_after() {
        let _ = write!(fields, "Retry-After: {seconds}\r\n");
    }
    let text = refusal.text();
    format!(
        "HTTP/1.1 {} {}\r\n{fields}Connection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\r\n{text}\n",
        refusal.status(),
        refusal.reason_phrase(),
        text.len() + 1,
    )
}

/// The page under `/`.
pub(crate) fn page() -> String {
    format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/html; charset=utf-8\r\n\
         Content-Security-Policy: default-src 'none'\r\nX-Content-Type-Options: nosniff\r\n\
         Content-Length: {}\r\n\r\n{PAGE}",
        PAGE.len(),
    )
}
