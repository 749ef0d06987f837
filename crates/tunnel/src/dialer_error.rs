//! What is wrong with a setting of a dialer.

use crate::Cause;

/// Why a setting of a [`Dialer`](crate::Dialer) is not usable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DialerError {
    /// The PEM text is malformed.
    #[error("malformed PEM")]
    Pem(#[source] Cause),
    /// The PEM text holds no certificate.
    #[error("no certificate in the PEM: expected at least one -----BEGIN CERTIFICATE-----")]
    NoCertificate,
    /// A certificate cannot be trusted because it cannot be read.
    #[error("malformed certificate in the PEM")]
    Certificate(#[source] Cause),
    /// Not `HOST:PORT`.
    #[error("{0:?} is not HOST:PORT (with brackets around an IPv6 address)")]
    Address(String),
    /// Not `wss://HOST[:PORT]` or `ws://HOST[:PORT]`.
    #[error("{0:?} is not wss://HOST[:PORT] or ws://HOST[:PORT]")]
    Url(String),
    /// Plaintext to another machine.
    #[error(
        "{0:?} is not on this machine: plaintext ws:// is for loopback addresses only, use wss://"
    )]
    PlaintextNotLocal(String),
}
