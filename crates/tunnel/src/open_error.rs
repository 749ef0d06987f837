//! Why there is no tunnel, in words for whoever sits at the terminal.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use hawser_wire::IdError;

use crate::Cause;

/// Why a tunnel service could not be reached, or did not give a tunnel.
///
/// Messages say this level only; the source, where there is one, knows the detail.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The host name has no address.
    #[error("cannot find the address of {host}: check the network, or the name")]
    Resolve {
        /// The name that was looked up.
        host: String,
        /// What the resolver says.
        source: io::Error,
    },
    /// No address accepted a TCP connection, or none in time.
    #[error("cannot connect to {host}: {attempts}")]
    Connect {
        /// The host that was meant.
        host: String,
        /// What became of each address.
        attempts: Attempts,
    },
    /// Plaintext was asked for, and the host is not this machine.
    #[error(
        "{host} is not on this machine: plaintext ws:// is for loopback addresses only, use wss://"
    )]
    PlaintextNotLocal {
        /// The host that was meant.
        host: String,
    },
    /// The certificate is not signed by an authority that the [`Dialer`](crate::Dialer) trusts.
    #[error(
        "the certificate of {host} is signed by nobody whom this program trusts: if the service is \
         yours, trust its CA certificate"
    )]
    CertificateUntrusted {
        /// The host that was meant.
        host: String,
        /// What rustls says.
        source: io::Error,
    },
    /// The certificate is for another name.
    #[error("the certificate that {host} presents is for another name")]
    CertificateName {
        /// The name that the certificate lacks.
        host: String,
        /// What rustls says.
        source: io::Error,
    },
    /// The certificate is not valid at this time.
    #[error(
        "the certificate of {host} has expired or is not valid yet: check this machine's clock"
    )]
    CertificateExpired {
        /// The host that was meant.
        host: String,
        /// What rustls says.
        source: io::Error,
    },
    /// TLS failed in another way; for one, the service speaks plaintext.
    #[error("no TLS connection to {host}")]
    Tls {
        /// The host that was meant.
        host: String,
        /// What rustls says.
        source: io::Error,
    },
    /// The connection broke after TCP and TLS stood, before the service had answered.
    #[error("the connection to the tunnel service broke before it answered")]
    Lost(#[source] io::Error),
    /// The service answered with another status than 101. Redirects count: tunnel clients do not
    /// follow them, because a service steers with its routing id instead.
    #[error("{}", Refusal { status: *status, request: *request, retry_after: *retry_after })]
    Refused {
        /// The HTTP status code.
        status: u16,
        /// What was asked for.
        request: Request,
        /// The answer's `Retry-After`, where it is a number of seconds (dates are ignored).
        retry_after: Option<Duration>,
    },
    /// The contact id is dead for ever (410): the laptop should forget the link.
    #[error("the phone has ended this link: remove it, and link again with a QR code")]
    Gone,
    /// The answer is not HTTP/1.1.
    #[error("this is no tunnel service: the answer is not HTTP")]
    NotHttp(#[source] Cause),
    /// The answer says 101 and is not a WebSocket upgrade (RFC 6455 §4.1).
    #[error("the tunnel service sent a malformed WebSocket upgrade")]
    Upgrade(#[source] Cause),
    /// The answer does not name the sub-protocol.
    #[error("this is no tunnel service: its answer lacks the sub-protocol fido.cable")]
    SubProtocolMissing,
    /// The answer names another sub-protocol, or several.
    #[error("this is no tunnel service: its answer names another sub-protocol than fido.cable")]
    SubProtocolWrong,
    /// The answer claims a WebSocket extension; none was offered (RFC 6455 §4.1).
    #[error("the tunnel service claims a WebSocket extension that was not offered")]
    Extension,
    /// The answer to [`open`](crate::Dialer::open) has no routing id.
    #[error("the tunnel service gave no routing id")]
    RoutingIdMissing,
    /// The answer to [`open`](crate::Dialer::open) has more than one routing id.
    #[error("the tunnel service gave more than one routing id")]
    RoutingIdRepeated,
    /// The routing id is not exactly 6 hex digits.
    #[error("the tunnel service gave a malformed routing id")]
    RoutingIdMalformed(#[source] IdError),
    /// Time ran out.
    #[error("gave up after {} s {stage}", limit.as_secs_f32())]
    TimedOut {
        /// What took too long.
        stage: DialStage,
        /// The limit for all stages together.
        limit: Duration,
    },
    /// The request could not be put together; a fault of this crate.
    #[error("the request could not be made")]
    Request(#[source] http::Error),
}

/// The addresses of a host that were tried in vain. Displayed as one line that names each.
#[derive(Debug)]
#[non_exhaustive]
pub struct Attempts {
    /// In the order of their ends. Empty only when no time was left to try one.
    pub failed: Vec<Attempt>,
    /// Addresses that were not tried: there were more than 16, or the time was up.
    pub untried: usize,
}

/// One address that did not accept a connection.
#[derive(Debug)]
#[non_exhaustive]
pub struct Attempt {
    /// The address.
    pub address: SocketAddr,
    /// Why it failed. The kind tells refused, unreachable and timed out apart.
    pub error: io::Error,
}

impl fmt::Display for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Attempt { address, error }) in self.failed.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{address}: {error}")?;
        }
        match (self.failed.len(), self.untried) {
            (_, 0) => Ok(()),
            (0, _) => f.write_str("no time was left to try an address"),
            (_, untried) => write!(f, " ({untried} more not tried)"),
        }
    }
}

/// What was asked of the tunnel service. The same status means different things to each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Request {
    /// [`Dialer::open`](crate::Dialer::open), `/cable/new`.
    Open,
    /// [`Dialer::join`](crate::Dialer::join), `/cable/connect`.
    Join,
    /// [`Dialer::contact`](crate::Dialer::contact), `/cable/contact`.
    Contact,
}

/// The step of dialling at which time ran out. For TCP that is [`OpenError::Connect`], which names
/// the addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DialStage {
    /// Looking up the host name.
    Resolve,
    /// Waiting for TLS.
    Tls,
    /// Waiting for the answer to the HTTP request.
    Upgrade,
}

impl fmt::Display for DialStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "looking up the tunnel service's address",
            Self::Tls => "waiting for the tunnel service's side of TLS",
            Self::Upgrade => "waiting for the tunnel service's answer",
        })
    }
}

/// A refusing status, in words.
struct Refusal {
    status: u16,
    request: Request,
    retry_after: Option<Duration>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            status, request, ..
        } = self;
        let meaning = match (status, request) {
            (300..=399, _) => "it redirects elsewhere, which tunnel clients do not follow",
            (400, _) => "it does not understand the request",
            (401 | 403, _) => "it does not serve this client",
            (404, Request::Join) => "the phone is not waiting there (any more)",
            (404, Request::Open) => "there is no tunnel service at this address",
            (404, Request::Contact) => "it does not know this phone, or not at present",
            (409, _) => "this tunnel id is in use: make a new QR code",
            (410, _) => "the link is dead",
            (429, _) => "it has had too many requests from here",
            (502 | 504 | 508, _) => "the instance that holds the tunnel cannot be reached",
            (503, _) => "it is full or shutting down",
            (500..=599, _) => "it has a fault",
            _ => "it gives no reason that this program knows",
        };
        write!(
            f,
            "the tunnel service refused with status {status}: {meaning}"
        )?;
        match self.retry_after {
            Some(wait) => write!(f, "; try again in {} s", wait.as_secs()),
            None => Ok(()),
        }
    }
}
