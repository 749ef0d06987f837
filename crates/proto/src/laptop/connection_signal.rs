//! The tunnel service's word that a linked phone has joined.

/// The one byte that a tunnel service sends, unencrypted, when a linked phone has joined.
pub const CONNECTION_SIGNAL: [u8; 1] = [0];

/// Whether the tunnel service is yet to announce the phone.
///
/// Only a service that was asked to, and said in its answer that it will, sends the signal; see
/// `SIGNAL_CONNECTION` in `hawser_wire::header`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionSignal {
    /// The next message must be [`CONNECTION_SIGNAL`].
    Expected,
    /// It was not asked for, or has been received already.
    NotExpected,
}
