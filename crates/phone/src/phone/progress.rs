//! What an app can show while a session runs, and what came of it.

use hawser_proto::Hint;
use hawser_wire::{RoutingId, TunnelDomain};

use crate::approver::Operation;

/// A step that a session has made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// The code is an invitation that this phone can accept.
    QrRead {
        /// What the laptop will probably want. It may want something else.
        hint: Hint,
    },
    /// A linked laptop has called. Comes instead of [`QrRead`](Self::QrRead).
    Called {
        /// What the laptop will probably want.
        hint: Hint,
    },
    /// The phone waits at its tunnel service; after a call it has joined the laptop there.
    TunnelOpen {
        /// The service.
        domain: TunnelDomain,
        /// Where at the service.
        routing_id: RoutingId,
    },
    /// The advert is on the air: a laptop near by can hear it.
    Advertising,
    /// A laptop heard the advert and knows the code. The connection is encrypted and the advert is off.
    Secured,
    /// The person is being asked.
    Asked {
        /// What approval will do.
        operation: Operation,
        /// The relying party.
        rp_id: String,
    },
    /// A reply has been sent.
    Answered {
        /// Its CTAP status byte (CTAP 2.2 §8); 0 is success.
        status: u8,
    },
    /// The session is over, in good order.
    Done,
}

/// What came of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PhoneOutcome {
    /// What the laptop was told, in order. At least one reply, unless the laptop asked
    /// the phone to step aside ([`Ending::AnotherDevice`]).
    pub answers: Vec<Answer>,
    /// How the session ended.
    pub ending: Ending,
}

/// One reply to a laptop.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// What the person was asked, if anything: an operation and the relying party's id.
    pub asked: Option<(Operation, String)>,
    /// The CTAP status byte (CTAP 2.2 §8); 0 is success.
    pub status: u8,
}

/// How a session ended in good order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ending {
    /// The laptop said that it is done.
    Shutdown,
    /// The laptop hung up after a reply.
    Closed,
    /// The laptop had its reply and was silent for [`Limits::silence`](super::Limits::silence).
    Silence,
    /// The person chose another device (`authenticatorSelection`, CTAP 2.2 §6.9).
    AnotherDevice,
}
