//! The first part of a connection's life: its one request, and what becomes of it.

mod answer;
mod head;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hawser_wire::TunnelId;
use tokio::time::timeout;

use self::head::Asked;
use crate::address::Told;
use crate::admission::{Admitted, Arrival};
use crate::clients::Exceeded;
use crate::decide::{Decision, WebSocketKey};
use crate::joining::Joining;
use crate::metrics::Counted;
use crate::pairing::{Taken, Ticket};
use crate::pump::End;
use crate::refusal::Refusal;
use crate::response;
use crate::seat::Seat;
use crate::shared::Shared;
use crate::socket::{Handed, Socket};
use crate::tunnel::{Opened, Tunnel};

/// A connection's task. Small, and each stage has a box of its own, so that a connection that waits
/// does not keep the room that its request needed.
pub(crate) struct Connection {
    stage: Stage,
    _panics: PanicCounter,
}

/// A phone's request leads to a tunnel.
type Request = dyn Future<Output = Option<Pin<Box<Tunnel>>>> + Send;

enum Stage {
    Request(Pin<Box<Request>>),
    Tunnel(Pin<Box<Tunnel>>),
}

impl Future for Connection {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match &mut self.stage {
                Stage::Request(request) => match ready!(request.as_mut().poll(cx)) {
                    Some(tunnel) => self.stage = Stage::Tunnel(tunnel),
                    None => return Poll::Ready(()),
                },
                Stage::Tunnel(tunnel) => {
                    let reason = ready!(tunnel.as_mut().poll(cx));
                    tracing::debug!(reason = reason.label(), "tunnel ended");
                    return Poll::Ready(());
                }
            }
        }
    }
}

impl Shared {
    /// The whole life of a connection.
    pub(crate) fn connection(self: Arc<Self>, arrival: Arrival) -> Connection {
        Connection {
            _panics: PanicCounter(self.metrics.panics.clone()),
            stage: Stage::Request(Box::pin(self.request(arrival))),
        }
    }

    /// Answers the one request on a connection. A phone's leads to a tunnel.
    async fn request(self: Arc<Self>, arrival: Arrival) -> Option<Pin<Box<Tunnel>>> {
        let Admitted {
            mut socket,
            mut seat,
            proxy,
        } = self.admit(arrival).await?;
        let asked = timeout(
            self.config.limits.head_time,
            self.read_request(&mut socket, seat.origin()),
        )
        .await;
        let Asked {
            mut decision,
            early,
            told,
        } = match asked {
            Ok(Ok(asked)) => asked,
            // The peer is gone before it asked for anything.
            Ok(Err(_)) => return None,
            Err(_) => Asked::refused(Refusal::HeadTimedOut, Told::TimedOut),
        };
        if let Some(proxy) = proxy {
            self.metrics.count_told(told);
            let client = match told {
                Told::Client(address) => Some(address),
                // Whose request it was is not known, and it is refused without a quota, too.
                _ if matches!(decision, Decision::Refuse(_)) => None,
                _ => Some(proxy),
            };
            match client.map(|client| self.clients.connect(client)) {
                Some(Ok(place)) => seat.assign(place),
                Some(Err(exceeded)) => decision = Decision::Refuse(exceeded.into()),
                None => {}
            }
        }
        let refused = match decision {
            Decision::Open { tunnel, key } => {
                match self.open(&mut socket, &seat, tunnel, &key).await {
                    Ok(opened) => {
                        let phone = End::new(socket, early, seat);
                        return Some(Box::pin(Tunnel::new(self, phone, opened)));
                    }
                    Err(refused) => refused,
                }
            }
            Decision::Join { tunnel, key } => match self.join(&mut socket, tunnel, &key).await {
                Ok(ticket) => {
                    self.hand_over(socket, early, seat, ticket);
                    return None;
                }
                Err(refused) => refused,
            },
            Decision::Elsewhere(asked) => Box::pin(self.hop(&mut socket, early, asked)).await,
            Decision::Page => {
                self.answer(&mut socket, &response::page()).await;
                return None;
            }
            Decision::Refuse(refusal) => Some(refusal),
        };
        if let Some(refusal) = refused {
            self.metrics.count_refused(refusal);
            tracing::debug!(reason = refusal.label(), "request refused");
            self.answer(&mut socket, &response::refused(refusal)).await;
        }
        None
    }

    /// Registers a phone, then answers it. An error without a refusal is a lost connection.
    async fn open(
        &self,
        socket: &mut Socket,
        seat: &Seat,
        tunnel: TunnelId,
        key: &WebSocketKey,
    ) -> Result<Opened, Option<Refusal>> {
        // Counted before it is answered, so that a drain waits for every phone that got its 101.
        let counted = Counted::new(&self.metrics.waiting);
        if self.begins_to_drain() {
            return Err(Some(Refusal::Draining));
        }
        // Phones on other threads may have come since the decision.
        if self.waiting() > self.config.limits.waiting_tunnels {
            return Err(Some(Refusal::Full));
        }
        let client = match seat.client() {
            Some(client) => Some(self.clients.open(client).map_err(Refusal::from)?),
            None => None,
        };
        let registration = self
            .pairing
            .register(tunnel)
            .map_err(|Taken| Refusal::Taken)?;
        let answer = response::switching(key, Some(self.config.routing_id));
        self.write(socket, &answer).await.map_err(|_| None)?;
        self.metrics.opened.inc();
        Ok(Opened {
            registration,
            client,
            counted,
        })
    }

    /// Claims a tunnel for a laptop, then answers it.
    async fn join(
        &self,
        socket: &mut Socket,
        tunnel: TunnelId,
        key: &WebSocketKey,
    ) -> Result<Ticket<Box<Joining>>, Option<Refusal>> {
        if self.cut.is_cancelled() {
            return Err(Some(Refusal::Draining));
        }
        let ticket = self.pairing.claim(tunnel).ok_or(Refusal::NoTunnel)?;
        let answer = response::switching(key, None);
        // Its phone waits for the ticket alone, so the end of a drain must not wait for the laptop.
        let write = self.write(socket, &answer);
        match self.cut.run_until_cancelled(write).await {
            Some(Ok(())) => Ok(ticket),
            Some(Err(_)) | None => Err(None),
        }
    }

    fn hand_over(&self, socket: Socket, early: Vec<u8>, seat: Seat, ticket: Ticket<Box<Joining>>) {
        let Ok(socket) = Handed::new(socket, self.own_loops()) else {
            return;
        };
        // A phone that left meanwhile takes the laptop with it.
        let _ = ticket.join(Box::new(Joining {
            socket,
            seat,
            early,
        }));
    }
}

impl From<Exceeded> for Refusal {
    fn from(exceeded: Exceeded) -> Self {
        match exceeded {
            Exceeded::Connections => Self::ClientConnections,
            Exceeded::Waiting => Self::ClientWaiting,
            Exceeded::Rate => Self::ClientRate,
        }
    }
}

/// Counts a connection whose task panics. The runtime keeps the panic from spreading.
struct PanicCounter(prometheus::IntCounter);

impl Drop for PanicCounter {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.inc();
        }
    }
}
