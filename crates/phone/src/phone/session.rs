//! What a session does once its tunnel is open: from the laptop's first message to its last.

use std::time::Duration;

use hawser_proto::record::SealError;
use hawser_proto::{PhoneEvent, PhoneSession, SessionError};
use hawser_tunnel::{Tunnel, TunnelError};
use hawser_wire::CloseReason;
use tokio::task::coop::consume_budget;
use tokio::time::{Instant, timeout_at};

use super::after;
use super::error::{PhoneError, Stage};
use super::limits::{Limits, MAX_REQUESTS};
use super::progress::{Answer, Ending, PhoneOutcome, Progress};
use crate::approver::Operation;
use crate::ctap;
use crate::ctap_authenticator::{Asking, CtapAuthenticator};

/// What a session needs of a tunnel: whole binary messages. Tests have another one.
pub(super) trait Messages: Send {
    fn send(&mut self, message: Vec<u8>) -> impl Future<Output = Result<(), TunnelError>> + Send;

    /// `None` when the tunnel was closed in good order. Cancel safe.
    fn receive(&mut self) -> impl Future<Output = Result<Option<Vec<u8>>, TunnelError>> + Send;
}

impl Messages for Tunnel {
    fn send(&mut self, message: Vec<u8>) -> impl Future<Output = Result<(), TunnelError>> + Send {
        Tunnel::send(self, message)
    }

    fn receive(&mut self) -> impl Future<Output = Result<Option<Vec<u8>>, TunnelError>> + Send {
        Tunnel::receive(self)
    }
}

/// A laptop behind a tunnel, with the time that is left for it.
pub(super) struct Laptop<'a, M> {
    pub(super) tunnel: &'a mut M,
    pub(super) session: PhoneSession,
    pub(super) limits: &'a Limits,
    pub(super) deadline: Instant,
}

impl<M: Messages> Laptop<'_, M> {
    /// Waits for message 1 and answers it: message 2, post-handshake, update.
    ///
    /// `advert` is what keeps the advert on the air; it is dropped as soon as message 1 has verified.
    pub(super) async fn secure(&mut self, advert: impl Send) -> Result<(), PhoneError> {
        let until = self.until(self.limits.laptop);
        let message = match timeout_at(until, self.tunnel.receive()).await {
            Err(_) | Ok(Ok(None)) => return Err(PhoneError::LaptopNeverCame),
            // Services close tunnels that nobody joins, some of them before our own limit.
            Ok(Err(TunnelError::Closed { code: POLICY, .. })) => {
                return Err(PhoneError::LaptopNeverCame);
            }
            Ok(message) => arrived(message, Stage::Advertising)?,
        };
        let step = self
            .session
            .receive(&message)
            .map_err(PhoneError::Handshake)?;
        drop(advert);
        for message in step.send {
            self.send(message, Stage::AwaitingRequest).await?;
        }
        Ok(())
    }

    /// Serves requests, one at a time, until the laptop is done.
    pub(super) async fn serve(
        &mut self,
        authenticator: &mut impl CtapAuthenticator,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<PhoneOutcome, PhoneError> {
        let mut answers = Vec::new();
        let ending = loop {
            let request = match self.next_request(!answers.is_empty()).await? {
                Next::Request(request) if request.first() == Some(&ctap::SELECTION) => {
                    break Ending::AnotherDevice;
                }
                Next::Request(request) => request,
                Next::End(ending) => break ending,
            };
            if answers.len() >= MAX_REQUESTS {
                return Err(PhoneError::TooManyRequests);
            }
            let (reply, asked) = self.answer(&request, authenticator, progress).await?;
            let (status, sealed) = self.seal(&reply)?;
            self.send(sealed, Stage::Answering).await?;
            progress(Progress::Answered { status });
            answers.push(Answer { asked, status });
        };
        Ok(PhoneOutcome { answers, ending })
    }

    /// Waits for a request, or for the end. `served` is whether the laptop has had a reply: only then
    /// may it just leave.
    async fn next_request(&mut self, served: bool) -> Result<Next, PhoneError> {
        let stage = if served {
            Stage::Lingering
        } else {
            Stage::AwaitingRequest
        };
        let until = self.until(self.limits.silence);
        // Around the whole loop: updates that never end must not keep the time from being noticed.
        let next = timeout_at(until, async {
            loop {
                let message = match self.tunnel.receive().await {
                    Ok(Some(message)) => message,
                    _ if served => return Ok(Next::End(Ending::Closed)),
                    nothing => arrived(nothing, stage)?,
                };
                match self.event(&message)? {
                    Some(PhoneEvent::Request(request)) => return Ok(Next::Request(request)),
                    Some(PhoneEvent::Shutdown) if served => {
                        return Ok(Next::End(Ending::Shutdown));
                    }
                    Some(PhoneEvent::Shutdown) => return Err(PhoneError::Cancelled),
                    // An update, which says nothing to a phone.
                    _ => consume_budget().await,
                }
            }
        });
        match next.await {
            Ok(next) => next,
            Err(_) if served => Ok(Next::End(Ending::Silence)),
            Err(_) => Err(PhoneError::TimedOut { stage }),
        }
    }

    /// Asks the authenticator while listening to the laptop: when it goes away, so does the prompt.
    async fn answer(
        &mut self,
        request: &[u8],
        authenticator: &mut impl CtapAuthenticator,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(Vec<u8>, Option<(Operation, String)>), PhoneError> {
        let mut asked = None;
        let mut listener = |operation: Operation, rp_id: &str| {
            let rp_id = rp_id.to_owned();
            asked = Some((operation, rp_id.clone()));
            progress(Progress::Asked { operation, rp_id });
        };
        let asking = Asking::new(self.limits.approval, &mut listener);
        let reply = self
            .listening(authenticator.answer(request, asking))
            .await?;
        Ok((reply, asked))
    }

    /// The message for a reply, and its status byte. The laptop is not to blame for a reply that is none, so it hears of a fault
    /// of the phone.
    fn seal(&mut self, reply: &[u8]) -> Result<(u8, Vec<u8>), PhoneError> {
        let status = reply.first().copied().unwrap_or(ctap::OTHER);
        let (status, sealed) = match self.session.respond(reply) {
            Err(SessionError::Empty | SessionError::Seal(SealError::TooLong { .. })) => {
                (ctap::OTHER, self.session.respond(&[ctap::OTHER]))
            }
            sealed => (status, sealed),
        };
        Ok((status, sealed.map_err(PhoneError::Protocol)?))
    }

    /// What `respond` returns, unless the laptop goes away or time is up first.
    async fn listening(
        &mut self,
        respond: impl Future<Output = Vec<u8>>,
    ) -> Result<Vec<u8>, PhoneError> {
        let stage = Stage::Answering;
        let mut respond = std::pin::pin!(respond);
        // Around the whole loop: updates that never end must not keep the time from being noticed.
        let reply = timeout_at(self.deadline, async {
            loop {
                tokio::select! {
                    // The laptop first: if it has gone, an approval that came meanwhile signs nothing.
                    biased;
                    message = self.tunnel.receive() => {
                        let message = arrived(message, stage)?;
                        match self.event(&message)? {
                            Some(PhoneEvent::Shutdown) => return Err(PhoneError::Cancelled),
                            // An update. A second request is an error of the session already.
                            _ => consume_budget().await,
                        }
                    }
                    reply = &mut respond => return Ok(reply),
                }
            }
        });
        reply.await.unwrap_or(Err(PhoneError::TimedOut { stage }))
    }

    /// Reads a message. A laptop cannot ask for JSON: this phone did not offer it.
    fn event(&mut self, message: &[u8]) -> Result<Option<PhoneEvent>, PhoneError> {
        let step = self
            .session
            .receive(message)
            .map_err(PhoneError::Protocol)?;
        debug_assert!(
            step.send.is_empty(),
            "only message 1 is answered by the session itself"
        );
        Ok(step.event)
    }

    async fn send(&mut self, message: Vec<u8>, stage: Stage) -> Result<(), PhoneError> {
        match timeout_at(self.deadline, self.tunnel.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(e)) => Err(PhoneError::LaptopLost {
                stage,
                source: Some(e),
            }),
            Err(_) => Err(PhoneError::TimedOut { stage }),
        }
    }

    /// The end of a part that may take this long.
    pub(super) fn until(&self, limit: Duration) -> Instant {
        self.deadline.min(after(limit))
    }
}

/// The close code for time-outs (RFC 6455 §7.4.1, "policy violation").
const POLICY: u16 = CloseReason::WaitingTimedOut.code();

enum Next {
    Request(Vec<u8>),
    End(Ending),
}

fn arrived(
    message: Result<Option<Vec<u8>>, TunnelError>,
    stage: Stage,
) -> Result<Vec<u8>, PhoneError> {
    match message {
        Ok(Some(message)) => Ok(message),
        Ok(None) => Err(PhoneError::LaptopLost {
            stage,
            source: None,
        }),
        Err(e) => Err(PhoneError::LaptopLost {
            stage,
            source: Some(e),
        }),
    }
}

#[cfg(test)]
mod tests;
