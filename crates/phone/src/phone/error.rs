//! Every way in which a session fails, by the part that failed.

use std::fmt;

use hawser_proto::{QrError, SessionError, StartError};
use hawser_tunnel::{OpenError, TunnelError};
use hawser_wire::TunnelDomain;

use crate::advertiser::AdvertiseError;

/// Why a session failed. The text is what the person with the phone can be shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PhoneError {
    /// The code is not an invitation to a hybrid session.
    #[error("this is not a sign-in code")]
    QrRejected(#[from] QrError),
    /// The laptop offers no tunnel, only channels that this phone does not have.
    #[error("this laptop wants a connection that this phone does not support")]
    NoTunnel,
    /// The phone's tunnel service has an assigned number that the laptop's table does not reach.
    #[error(
        "this laptop does not know the tunnel service {domain}: update it, or configure a service with a number from 256 on"
    )]
    DomainUnknown {
        /// The phone's tunnel service.
        domain: TunnelDomain,
        /// How many assigned numbers the laptop knows.
        known: u64,
    },
    /// The tunnel service answered, and did not let the phone in.
    #[error("the tunnel service did not let this phone in")]
    TunnelRefused {
        /// The HTTP status: 409 when another phone was faster with this code, 503 when the service is full.
        status: u16,
        /// The status in words.
        source: OpenError,
    },
    /// The tunnel service could not be reached, or did not behave like one.
    #[error("the tunnel service cannot be reached: check the network and scan again")]
    TunnelUnreachable(#[source] OpenError),
    /// No keys can be made for a session.
    #[error("this phone cannot make keys: restart it and scan again")]
    Start(#[source] StartError),
    /// The advert did not go on the air.
    #[error("the laptop cannot find this phone, because it cannot advertise over Bluetooth")]
    Advertise(#[source] AdvertiseError),
    /// No laptop came in time.
    #[error(
        "no laptop came: keep the phone next to it, check that its Bluetooth is on, and scan a new code"
    )]
    LaptopNeverCame,
    /// Somebody joined the tunnel who did not hear the advert, or does not know the code.
    #[error("whoever answered is not the laptop with this code: scan a new code")]
    Handshake(#[source] SessionError),
    /// The laptop broke the protocol, for instance with a request before the reply to the last one.
    #[error("the laptop sent something that makes no sense")]
    Protocol(#[source] SessionError),
    /// The laptop sent a ninth request: one is normal, and nobody should be asked for ever.
    #[error("the laptop sent too many requests")]
    TooManyRequests,
    /// The connection ended before the laptop had its reply.
    #[error("the connection was lost while {stage}: scan a new code")]
    LaptopLost {
        /// What the session was doing.
        stage: Stage,
        /// How the connection broke; nothing when it was closed in good order.
        #[source]
        source: Option<TunnelError>,
    },
    /// The laptop ended the session before it had a reply.
    #[error("the laptop cancelled")]
    Cancelled,
    /// A part of the session took too long.
    #[error("time ran out while {stage}: scan a new code")]
    TimedOut {
        /// What the session was doing.
        stage: Stage,
    },
}

/// What a session is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Connecting to the tunnel service.
    Opening,
    /// Switching the radio on.
    StartingAdvert,
    /// Waiting for a laptop to hear the advert.
    Advertising,
    /// Waiting for the laptop's first request.
    AwaitingRequest,
    /// Working on a request, which includes asking.
    Answering,
    /// Waiting for more requests, or the end, after a reply.
    Lingering,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Opening => "connecting to the tunnel service",
            Self::StartingAdvert => "starting Bluetooth",
            Self::Advertising => "waiting for the laptop",
            Self::AwaitingRequest => "waiting for the laptop's request",
            Self::Answering => "answering the laptop",
            Self::Lingering => "waiting for the laptop to finish",
        })
    }
}
