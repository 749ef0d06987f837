//! Every published vector of the protocol, replayed. `README.md` beside this file says where they
//! come from.
//!
//! A module a category has one `check`, which recomputes what a vector expects and compares. The
//! [`registry`] proves that nothing is left out: every category and id of the file has a check, and
//! every value that a vector expects makes its check fail once it is altered.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may panic; the checks themselves return errors"
)]

mod alter;
mod cbor;
mod registry;
mod vector;

mod advert;
mod advert_suffix;
mod base10;
mod crypter;
mod derive;
mod ec_key;
mod framing;
mod json;
mod l2cap;
mod linking;
mod noise;
mod padding;
mod post_handshake;
mod qr;
mod server_path;
mod simulation;
mod transcript;
mod tunnel_domain;
mod url;
