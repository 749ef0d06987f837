//! Every way in which a transaction fails.

use hawser_proto::{SessionError, StartError};
use hawser_tunnel::{OpenError, TunnelError};
use hawser_wire::TunnelDomain;

use crate::ctap::{ReplyError, Status};
use crate::progress::Stage;
use crate::scanner::ScanError;
use crate::webauthn::ResponseError;

/// Why there is no reply. Each message is for the person in front of the laptop and says what to do
/// next; sources have the technical reason.
///
/// A QR code is good for one attempt, whatever its outcome: make a new [`Invite`](crate::Invite) to try
/// again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LaptopError {
    /// No advert of a phone that has seen the code was heard in time.
    #[error(
        "no phone answered: scan the code with the phone next to this computer, with Bluetooth on and \
         internet access, and try again with a new code"
    )]
    AdvertNotSeen,
    /// The radio cannot be used.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// The tunnel service answered with an HTTP status other than 101: the phone has gone, somebody
    /// else has joined it, or the service is overloaded.
    #[error("the phone's tunnel service refused (status {status}): {}", after_refusal(*status))]
    TunnelRefused {
        /// The tunnel service.
        domain: TunnelDomain,
        /// The status.
        status: u16,
    },
    /// The phone has ended its link with this laptop, for good (HTTP status 410): delete the [`Link`](crate::Link). No other
    /// error says that about a link.
    #[error("the phone has ended the link with this computer: ask it with a code")]
    LinkEnded,
    /// The tunnel service does not answer, or not as one.
    #[error(
        "{domain}, which the phone wants to be reached through, does not answer: check this \
         computer's internet connection and try again with a new code"
    )]
    TunnelUnreachable {
        /// The tunnel service.
        domain: TunnelDomain,
        /// What happened instead.
        source: OpenError,
    },
    /// There is no secure connection to the tunnel service.
    #[error(
        "the connection to {domain} is not secure: check this computer's clock, and whether a login \
         page or a proxy stands between it and the internet"
    )]
    Tls {
        /// The tunnel service.
        domain: TunnelDomain,
        /// What is wrong with it.
        source: OpenError,
    },
    /// No keys can be made for a session.
    #[error("this computer cannot make keys: restart it and try again with a new code")]
    Start(#[source] StartError),
    /// Whoever is at the other end has not both seen the code and been heard nearby, or speaks another
    /// protocol.
    #[error("the phone could not prove that it scanned this code: try again with a new code")]
    Handshake(#[source] SessionError),
    /// The phone broke the protocol after the handshake.
    #[error("the phone sent something unexpected: update the phone, and try again with a new code")]
    Protocol(#[source] SessionError),
    /// The tunnel service broke the protocol: a text message, one that is too long, a malformed frame.
    #[error("the phone's tunnel service sent something unexpected: try again with a new code")]
    Tunnel(#[source] TunnelError),
    /// The phone is there and cannot do CTAP.
    #[error("this phone cannot be used for passkeys: try another phone")]
    NoCtap,
    /// The person at the phone said no (CTAP status 0x27).
    #[error(
        "the request was declined on the phone: try again with a new code if that was a mistake"
    )]
    Declined,
    /// The phone has no passkey that will do (CTAP status 0x2E).
    #[error("this phone has no passkey for the site: try another phone, or sign in another way")]
    NoCredentials,
    /// The phone has a passkey for the account that a new one is wanted for (CTAP status 0x19).
    #[error(
        "this phone has a passkey for the account already: sign in with it, or use another phone"
    )]
    AlreadyRegistered,
    /// The phone refused for another reason.
    #[error("the phone could not do it ({0}): try again with a new code, or use another phone")]
    Ctap(Status),
    /// The phone's reply is no answer to what a relying party asked.
    #[error("the phone's answer is not valid for this site: try again with a new code")]
    Response(#[source] ResponseError),
    /// The connection ended before the reply.
    #[error(
        "the connection to the phone ended while {stage}: unless somebody cancelled there, keep the \
         phone awake and next to this computer, and try again with a new code"
    )]
    PhoneLost {
        /// What the laptop was doing.
        stage: Stage,
        /// How the connection ended; `None` when it was closed in good order.
        source: Option<TunnelError>,
    },
    /// Time is up.
    #[error("time was up while {stage}: try again with a new code")]
    TimedOut {
        /// What the laptop was doing.
        stage: Stage,
    },
    /// Somebody used the [`Canceller`](crate::Canceller).
    #[error("cancelled: nothing was signed in to")]
    Cancelled,
}

impl LaptopError {
    /// The error for a tunnel that could not be had.
    pub(crate) fn from_open(domain: TunnelDomain, error: OpenError) -> Self {
        match error {
            OpenError::Refused { status, .. } => Self::TunnelRefused { domain, status },
            OpenError::Gone => Self::LinkEnded,
            OpenError::CertificateUntrusted { .. }
            | OpenError::CertificateName { .. }
            | OpenError::CertificateExpired { .. }
            | OpenError::Tls { .. } => Self::Tls {
                domain,
                source: error,
            },
            _ => Self::TunnelUnreachable {
                domain,
                source: error,
            },
        }
    }

    /// The error for a tunnel that ended, or should.
    pub(crate) fn from_tunnel(stage: Stage, error: TunnelError) -> Self {
        match error {
            TunnelError::Lost(_) | TunnelError::Closed { .. } | TunnelError::Ended => {
                Self::PhoneLost {
                    stage,
                    source: Some(error),
                }
            }
            _ => Self::Tunnel(error),
        }
    }

    /// The error for a message that makes no sense. From the second handshake message on the phone
    /// has proved what it had to, so whatever is wrong then is a fault of the phone's program.
    pub(crate) fn from_session(error: SessionError) -> Self {
        match error {
            SessionError::Handshake(_) => Self::Handshake(error),
            _ => Self::Protocol(error),
        }
    }

    /// The error for a reply with this status, unless that is [`Status::OK`].
    pub(crate) fn from_status(status: Status) -> Result<(), Self> {
        match status {
            Status::OK => Ok(()),
            Status::OPERATION_DENIED => Err(Self::Declined),
            Status::NO_CREDENTIALS => Err(Self::NoCredentials),
            Status::CREDENTIAL_EXCLUDED => Err(Self::AlreadyRegistered),
            other => Err(Self::Ctap(other)),
        }
    }
}

impl From<ResponseError> for LaptopError {
    fn from(error: ResponseError) -> Self {
        match error {
            ResponseError::Reply(ReplyError::Status(status)) => match Self::from_status(status) {
                Err(error) => error,
                Ok(()) => Self::Ctap(status),
            },
            other => Self::Response(other),
        }
    }
}

/// What to do about a status of `/cable/connect`.
fn after_refusal(status: u16) -> &'static str {
    match status {
        404 | 409 | 410 => "the phone is not waiting any more; try again with a new code",
        429 | 503 => "it is busy; try again with a new code in a minute",
        _ => "try again with a new code, or with another phone",
    }
}
