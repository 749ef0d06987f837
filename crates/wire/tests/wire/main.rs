//! Every name on the wire: tables as a whole, and texts that are nearly right.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod close;
mod domains;
mod headers;
mod ids;
mod paths;
