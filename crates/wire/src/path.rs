//! The request paths of a tunnel service (CTAP 2.2 §11.5).

use std::fmt;
use std::str::FromStr;

use crate::id::{ContactId, IdError, RoutingId, TunnelId};

/// What a WebSocket request asks of a tunnel service.
///
/// Parsing is strict: no query, no percent-encoding, no further segments. `Display` writes the path
/// with upper-case hex, as browsers do, so a path that contains an id is as secret as the id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TunnelPath {
    /// `/cable/new/<tunnel id>`: a phone opens a tunnel and waits in it.
    New(TunnelId),
    /// `/cable/connect/<routing id>/<tunnel id>`: a laptop (or a linked phone) joins it.
    Connect(RoutingId, TunnelId),
    /// `/cable/contact/<contact id>`: a laptop asks the service to wake a linked phone.
    Contact(ContactId),
}

/// Why a path is not one of a tunnel service's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// Not `/cable/new/..`, `/cable/connect/../..` or `/cable/contact/..`.
    #[error("not a path of a tunnel service")]
    Unknown,
    /// The tunnel id is malformed.
    #[error("malformed tunnel id")]
    TunnelId(#[source] IdError),
    /// The routing id is malformed.
    #[error("malformed routing id")]
    RoutingId(#[source] IdError),
    /// The contact id is malformed.
    #[error("malformed contact id")]
    ContactId(#[source] IdError),
}

impl FromStr for TunnelPath {
    type Err = PathError;

    fn from_str(path: &str) -> Result<Self, PathError> {
        let rest = path.strip_prefix("/cable/").ok_or(PathError::Unknown)?;
        let (verb, argument) = rest.split_once('/').ok_or(PathError::Unknown)?;
        match verb {
            "new" => argument.parse().map(Self::New).map_err(PathError::TunnelId),
            "connect" => {
                let (routing, tunnel) = argument.split_once('/').ok_or(PathError::Unknown)?;
                let routing = routing.parse().map_err(PathError::RoutingId)?;
                let tunnel = tunnel.parse().map_err(PathError::TunnelId)?;
                Ok(Self::Connect(routing, tunnel))
            }
            "contact" => argument
                .parse()
                .map(Self::Contact)
                .map_err(PathError::ContactId),
            _ => Err(PathError::Unknown),
        }
    }
}

impl fmt::Display for TunnelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New(tunnel) => write!(f, "/cable/new/{}", tunnel.to_hex()),
            Self::Connect(routing, tunnel) => {
                write!(f, "/cable/connect/{}/{}", routing.to_hex(), tunnel.to_hex())
            }
            Self::Contact(contact) => write!(f, "/cable/contact/{}", contact.to_base64url()),
        }
    }
}
