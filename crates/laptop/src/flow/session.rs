//! A secured connection to a phone.

use std::fmt;
use std::time::Duration;

use hawser_proto::{LaptopEvent, LaptopSession, Link, PostHandshake};
use hawser_tunnel::Tunnel;
use tokio::time::timeout;
use tracing::debug;

use crate::ctap::request::GET_INFO;
use crate::ctap::{CtapRequest, Status};
use crate::error::LaptopError;
use crate::flow::watch::Watch;
use crate::laptop::Limits;
use crate::progress::Stage;

/// How long the goodbye may take to leave this machine.
const SEND_LIMIT: Duration = Duration::from_secs(1);

/// A secured connection to the phone that saw the code.
///
/// Dropping it breaks the connection, which many phones show as an error: [`close`](Self::close) it.
pub struct Session {
    peer: Peer,
    phone: PostHandshake,
    watch: Watch,
    linger: Duration,
}

impl Session {
    /// From message 1 to the phone's first encrypted message.
    pub(crate) async fn secure(
        tunnel: Tunnel,
        session: LaptopSession,
        message: Vec<u8>,
        watch: Watch,
        limits: &Limits,
    ) -> Result<Self, LaptopError> {
        let mut peer = Peer {
            tunnel,
            session,
            link: None,
        };
        let handshake = peer.handshake(message);
        let phone = watch
            .within(Stage::Securing, limits.handshake, handshake)
            .await??;
        // Old phones offer it here, others in an update.
        peer.link = phone.link().cloned();
        Ok(Self {
            peer,
            phone,
            watch,
            linger: limits.linger,
        })
    }

    /// The phone's reply to `authenticatorGetInfo`: status byte 0 and CBOR. `None` when it cannot do
    /// CTAP. Phones send it unasked, so this asks nobody.
    #[must_use]
    pub fn get_info(&self) -> Option<Vec<u8>> {
        let info = self.phone.get_info()?;
        Some([&[Status::OK.code()], info].concat())
    }

    /// Asks one CTAP request and returns the reply, whatever its status byte says.
    ///
    /// `authenticatorGetInfo` is answered by [`get_info`](Self::get_info), any number of times; of
    /// other requests phones expect one.
    ///
    /// # Errors
    /// [`LaptopError`]. Nothing can be asked after one. After [`LaptopError::Cancelled`] and
    /// [`LaptopError::TimedOut`] the phone still shows its question until [`close`](Self::close).
    ///
    /// # Cancel safety
    /// Not cancel safe: after dropping the future only [`close`](Self::close) makes sense.
    pub async fn ctap(&mut self, request: &CtapRequest) -> Result<Vec<u8>, LaptopError> {
        let info = self.get_info().ok_or(LaptopError::NoCtap)?;
        if request.command() == Some(GET_INFO) {
            return Ok(info);
        }
        let exchange = self.peer.exchange(request);
        self.watch
            .until_deadline(Stage::Approving, exchange)
            .await?
    }

    /// Says goodbye and waits, for no longer than [`Limits::linger`](crate::Limits::linger), for the
    /// phone to hang up. Returns the link that the phone has offered since the handshake, if any.
    ///
    /// # Cancel safety
    /// A future that is dropped breaks the connection.
    pub async fn close(self) -> Option<Link> {
        self.end().await.0
    }

    /// [`Self::close`], with a reply that crosses the goodbye: what the phone had done by then must not be lost.
    pub(super) async fn end(mut self) -> (Option<Link>, Option<Vec<u8>>) {
        let late = self.peer.say_goodbye(self.linger).await;
        self.peer.tunnel.close().await;
        (self.peer.link, late)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

/// The phone, seen through the tunnel.
struct Peer {
    tunnel: Tunnel,
    session: LaptopSession,
    link: Option<Link>,
}

impl Peer {
    async fn handshake(&mut self, message: Vec<u8>) -> Result<PostHandshake, LaptopError> {
        self.send(Stage::Securing, message).await?;
        loop {
            if let Some(LaptopEvent::Ready(phone)) = self.next(Stage::Securing).await? {
                return Ok(phone);
            }
        }
    }

    async fn exchange(&mut self, request: &CtapRequest) -> Result<Vec<u8>, LaptopError> {
        let request = self.session.request(request.as_bytes());
        let message = request.map_err(LaptopError::Protocol)?;
        self.send(Stage::Approving, message).await?;
        loop {
            if let Some(LaptopEvent::Reply(reply)) = self.next(Stage::Approving).await? {
                debug!("the phone has answered");
                return Ok(reply);
            }
        }
    }

    /// Nothing that happens here changes the outcome, so nothing here is an error: phones hang up
    /// right behind their reply, or send a late update, or another frame that makes no sense. Returns a reply that
    /// was on its way.
    async fn say_goodbye(&mut self, linger: Duration) -> Option<Vec<u8>> {
        let shutdown = self.session.shutdown().ok()?;
        let sent = timeout(SEND_LIMIT, self.send(Stage::Approving, shutdown)).await;
        let mut late = None;
        let hang_up = async {
            while let Ok(event) = self.next(Stage::Approving).await {
                if let Some(LaptopEvent::Reply(reply)) = event {
                    late = Some(reply);
                }
            }
        };
        if !matches!(sent, Ok(Ok(()))) {
            return None;
        }
        if timeout(linger, hang_up).await.is_err() {
            debug!("the phone did not hang up in time");
        }
        late
    }

    /// Waits for one message. Links are kept until the end, because nothing depends on them.
    async fn next(&mut self, stage: Stage) -> Result<Option<LaptopEvent>, LaptopError> {
        let message = self.tunnel.receive().await;
        let message = message.map_err(|error| LaptopError::from_tunnel(stage, error))?;
        let Some(message) = message else {
            return Err(LaptopError::PhoneLost {
                stage,
                source: None,
            });
        };
        let step = self.session.receive(&message);
        let step = step.map_err(LaptopError::from_session)?;
        for answer in step.send {
            self.send(stage, answer).await?;
        }
        match step.event {
            Some(LaptopEvent::Linked(link)) => {
                self.link = Some(link);
                Ok(None)
            }
            Some(LaptopEvent::LinkRejected) => {
                debug!("the phone offered a link that it has not signed");
                Ok(None)
            }
            other => Ok(other),
        }
    }

    async fn send(&mut self, stage: Stage, message: Vec<u8>) -> Result<(), LaptopError> {
        let sent = self.tunnel.send(message).await;
        sent.map_err(|error| LaptopError::from_tunnel(stage, error))
    }
}
