//! Header names and the WebSocket sub-protocol (CTAP 2.2 §11.5).
//!
//! Names are lower case, as HTTP libraries want their constants; on the wire their case is free.

/// The WebSocket sub-protocol that both sides must name. A browser fails the connection when the
/// answer does not repeat it.
pub const SUBPROTOCOL: &str = "fido.cable";

/// On the answer to `/cable/new`: exactly one, exactly six hex digits. A phone gives up otherwise.
pub const ROUTING_ID: &str = "x-cable-routing-id";

/// On the request to `/cable/contact`: hex of a CBOR map for the phone.
pub const CLIENT_PAYLOAD: &str = "x-cable-client-payload";

/// On the request to `/cable/contact`, and repeated on its answer: the laptop wants one binary
/// message of one zero byte when the phone has joined.
pub const SIGNAL_CONNECTION: &str = "x-cable-signal-connection";
