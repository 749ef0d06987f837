//! Who answers a laptop: this crate's [`Authenticator`](crate::Authenticator), or one of the app's own.

use std::fmt;
use std::time::Duration;

use crate::approver::Operation;

/// An authenticator behind a [`Phone`](crate::Phone): CTAP2 requests in, replies out (CTAP 2.2 §6).
///
/// Most apps take [`Authenticator`](crate::Authenticator), which needs a place for passkeys and a prompt. An app implements
/// this when it has a whole authenticator already, or keys that never leave a secure element. Then consent is its own affair too: nothing may
/// be signed, made or told before the person has agreed.
pub trait CtapAuthenticator: Send + Sync {
    /// What this authenticator can do: the CBOR of the `authenticatorGetInfo` response, without a status byte (CTAP 2.2
    /// §6.4). Browsers end the session when it is not canonical CBOR.
    ///
    /// Asked once a session, before there is a laptop.
    fn get_info(&self) -> impl Future<Output = Vec<u8>> + Send;

    /// Answers one request: a command byte and CBOR in, a status byte and canonical CBOR out.
    ///
    /// The request comes from a stranger: of any bytes, up to 1 MiB. There is one at a time. A reply without a status byte, or one that
    /// is too long for a message, reaches the laptop as `CTAP1_ERR_OTHER`.
    ///
    /// # Cancel safety
    /// The future is dropped when the laptop goes away, or when [`Limits::session`](crate::Limits::session) is over. The prompt must
    /// disappear with it.
    fn answer(
        &mut self,
        request: &[u8],
        asking: Asking<'_>,
    ) -> impl Future<Output = Vec<u8>> + Send;
}

/// What a session wants to know of the prompt, and how long that may stay.
pub struct Asking<'a> {
    limit: Duration,
    listener: &'a mut (dyn FnMut(Operation, &str) + Send),
}

impl<'a> Asking<'a> {
    /// `listener` hears what the person is asked. Sessions make this themselves; it is public for tests of an authenticator.
    pub fn new(limit: Duration, listener: &'a mut (dyn FnMut(Operation, &str) + Send)) -> Self {
        Self { limit, listener }
    }

    /// How long the person has for a decision: [`Limits::approval`](crate::Limits::approval). The reply after that is
    /// `CTAP2_ERR_USER_ACTION_TIMEOUT`.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.limit
    }

    /// To be called when the prompt appears: it becomes [`Progress::Asked`](crate::Progress::Asked), and a part of the
    /// [`Answer`](crate::Answer).
    pub fn asked(&mut self, operation: Operation, rp_id: &str) {
        (self.listener)(operation, rp_id);
    }
}

impl fmt::Debug for Asking<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asking")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
