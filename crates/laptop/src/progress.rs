//! What an app can show while it waits.

use std::fmt;

use hawser_proto::Link;
use hawser_wire::{RoutingId, TunnelDomain};

/// How far a transaction has come. Events arrive in this order, each once at most.
#[derive(Debug)]
#[non_exhaustive]
pub enum Progress {
    /// The radio listens: show the QR code now. (Earlier is too early, because a phone may send its
    /// advert within a second of seeing the code.)
    WaitingForScan,
    /// A linked phone has been sent for: its person may have to tap a notification. Comes instead of
    /// [`WaitingForScan`](Self::WaitingForScan).
    WaitingForPhone,
    /// The phone was heard, so it is nearby and has seen the code: the code can go. (A linked phone was sent for.)
    PhoneNearby {
        /// The tunnel service that the phone uses.
        domain: TunnelDomain,
        /// Which instance of it holds the tunnel; `None` for a linked phone, where the service knows.
        routing_id: Option<RoutingId>,
    },
    /// The tunnel service has connected this laptop. Not told with a linked phone, for which that comes first of all.
    Connected,
    /// The phone is the one that saw the code, and nobody can listen in.
    Secured,
    /// The request goes to the phone now, which can answer it: the person has to look at the phone.
    WaitingForApproval,
    /// The phone offers to be asked without a QR code from now on. Whoever stores the link keeps it as
    /// safe as a password, and only if the user wants that.
    Linked(Box<Link>),
    /// The phone has answered and both sides know that this is the end.
    Done,
}

/// What the laptop was doing when something went wrong. `Display` continues "while".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Listening for the phone's advert.
    Searching,
    /// Waiting for a linked phone, which is being woken, and its advert.
    Waking,
    /// Joining the phone at its tunnel service.
    Connecting,
    /// The Noise handshake, until the phone's first encrypted message.
    Securing,
    /// Waiting for the phone's reply, that is to say for a person.
    Approving,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Searching => "looking for the phone",
            Self::Waking => "waiting for the linked phone",
            Self::Connecting => "connecting to the phone",
            Self::Securing => "securing the connection to the phone",
            Self::Approving => "waiting for an answer on the phone",
        })
    }
}
