//! What the daemon is told, and by whom.

use tokio::sync::oneshot;
use zbus::Message;

use super::Advert;

/// What a test, or a task of the daemon itself, wants done.
#[derive(Debug)]
pub(super) enum Command {
    Transmit {
        advert: Advert,
        stopped: oneshot::Receiver<()>,
    },
    PassBy {
        advert: Advert,
    },
    Power {
        on: bool,
    },
    /// A client offered an advertisement, and it has been read.
    Register {
        call: Message,
        owner: Owner,
        adverts: Vec<Advert>,
    },
    Stop {
        owner: Owner,
    },
}

/// Who put an advert on the air.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Client { name: String, path: String },
    Test(u32),
}

/// What a client said before it scans.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Filter {
    /// It wants certain service UUIDs only.
    pub(super) by_uuid: bool,
    /// It wants to hear the same advert again.
    pub(super) duplicates: bool,
}
