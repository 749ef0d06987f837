//! How long each part of a session may take.

use std::time::Duration;

use crate::authenticator::APPROVAL_LIMIT;

/// How long each part of a session may take. Change single members of [`Limits::default`].
///
/// Reaching the tunnel service has a limit of the [`Dialer`](hawser_tunnel::Dialer)'s own.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Until the radio is on the air. Default 10 s: switching an adapter on takes two or three.
    pub radio: Duration,
    /// From then on until a laptop has heard the advert, joined and proved that it did. Default
    /// 2 min, which is as long as tunnel services are known to let a phone wait.
    pub laptop: Duration,
    /// How long a secured laptop may be silent while nothing is being asked: before its first
    /// request, and after each reply. Default 60 s. Longer would help nobody: laptops hang up within
    /// seconds of the reply they want.
    pub silence: Duration,
    /// How long a person has to decide. Default 2 min. When it is over, the laptop is told so with
    /// `CTAP2_ERR_USER_ACTION_TIMEOUT`.
    pub approval: Duration,
    /// The whole session, whatever it is doing. Default 5 min, after which tunnel services end joined
    /// tunnels anyway.
    pub session: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            radio: Duration::from_secs(10),
            laptop: Duration::from_mins(2),
            silence: Duration::from_mins(1),
            approval: APPROVAL_LIMIT,
            session: Duration::from_mins(5),
        }
    }
}

/// Requests that one laptop may send. One is normal, and everything above is a laptop that tries again
/// after a refusal; nobody should be asked for ever.
pub(super) const MAX_REQUESTS: usize = 8;
