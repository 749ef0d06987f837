//! A lean client: enough of HTTP and WebSocket to drive a tunnel service at a rate where a general
//! client would measure itself.

pub(crate) mod dial;
pub(crate) mod frame;
mod incoming;
mod outgoing;
pub(crate) mod socket;
pub(crate) mod source;
pub(crate) mod stream;
pub(crate) mod target;
pub(crate) mod upgrade;
