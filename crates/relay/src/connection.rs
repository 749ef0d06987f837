//! The first part of a connection's life: its one request, and the answer.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use hawser_wire::TunnelId;
use tokio::io::{AsyncRead as _, AsyncWriteExt as _, ReadBuf};
use tokio::time::timeout;

use crate::address::{Told, told_by};
use crate::admission::{Admitted, Arrival};
use crate::clients::Exceeded;
use crate::decide::{Conditions, Decision, Refusal, WebSocketKey, decide};
use crate::metrics::{Counted, Limit};
use crate::pairing::{Taken, Ticket};
use crate::pump::{End, with_read_buffer};
use crate::relay::Shared;
use crate::request::with_head;
use crate::response;
use crate::seat::{Origin, Seat};
use crate::socket::{Handed, Socket};
use crate::tunnel::{Joining, Opened, Tunnel};

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

/// What a request leads to, besides its answer.
struct Asked {
    decision: Decision,
    /// What came behind the request head.
    early: Vec<u8>,
    /// What its fields tell about the client, which counts if a trusted proxy sent them.
    told: Told,
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
            Err(_) => Asked::refused(Refusal::HeadTimedOut),
        };
        if let Some(proxy) = proxy
            && let Err(exceeded) = self.assign(&mut seat, told, proxy)
        {
            decision = Decision::Refuse(exceeded.into());
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

    /// Counts a connection against the client that a trusted proxy's request names, or against the
    /// proxy itself.
    fn assign(&self, seat: &mut Seat, told: Told, proxy: IpAddr) -> Result<(), Exceeded> {
        self.metrics.count_told(told);
        let client = match told {
            Told::Client(address) => address,
            _ => proxy,
        };
        seat.assign(self.clients.connect(client)?);
        Ok(())
    }

    /// Reads the request head, without a buffer of its own when it comes in one piece.
    async fn read_request(&self, socket: &mut Socket, origin: Origin) -> io::Result<Asked> {
        let most = self.config.limits.head_bytes;
        let mut head = Vec::new();
        std::future::poll_fn(|cx| {
            loop {
                let asked = ready!(with_read_buffer(|buffer| {
                    if let Some(start) = buffer.get_mut(..head.len()) {
                        start.copy_from_slice(&head);
                    }
                    // What comes behind the head is kept too, so it must not be more than the buffer of
                    // a head: a waiting phone would hold on to all of it.
                    let most = most.min(buffer.len());
                    let mut read = ReadBuf::new(buffer.get_mut(..most).unwrap_or_default());
                    read.set_filled(head.len());
                    ready!(Pin::new(&mut *socket).poll_read(cx, &mut read))?;
                    if read.filled().len() == head.len() {
                        return Poll::Ready(Err(io::Error::from(io::ErrorKind::UnexpectedEof)));
                    }
                    let asked = self.decide(read.filled(), origin);
                    if asked.is_none() {
                        head = read.filled().to_vec();
                    }
                    Poll::Ready(Ok(asked))
                }))?;
                if let Some(asked) = asked {
                    return Poll::Ready(Ok(asked));
                }
            }
        })
        .await
    }

    /// The decision on the request in `bytes`; `None` while its head is incomplete.
    fn decide(&self, bytes: &[u8], origin: Origin) -> Option<Asked> {
        let most = self.config.limits.head_bytes;
        let conditions = self.conditions();
        let decided = with_head(bytes, |head, len| {
            if len > most {
                return Asked::refused(Refusal::HeadTooLarge);
            }
            Asked {
                decision: match (origin, &self.peers) {
                    (Origin::Client, _) => decide(head, conditions),
                    (Origin::Peer, Some(peers)) => {
                        peers.decide(head, conditions, SystemTime::now())
                    }
                    (Origin::Peer, None) => Decision::Refuse(Refusal::PeerForged),
                },
                early: bytes.get(len..).unwrap_or_default().to_vec(),
                told: told_by(head, &self.config.proxies),
            }
        });
        match decided {
            Ok(None) if bytes.len() >= most => Some(Asked::refused(Refusal::HeadTooLarge)),
            Ok(asked) => asked,
            Err(refusal) => Some(Asked::refused(refusal)),
        }
    }

    fn conditions(&self) -> Conditions {
        let waiting = u64::try_from(self.metrics.waiting.get()).unwrap_or_default();
        Conditions {
            draining: self.is_draining(),
            full: waiting >= self.config.limits.waiting_tunnels,
            routing_id: self.config.routing_id,
        }
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
        let ticket = self.pairing.claim(tunnel).ok_or(Refusal::NoTunnel)?;
        let answer = response::switching(key, None);
        self.write(socket, &answer).await.map_err(|_| None)?;
        Ok(ticket)
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

    /// Answers and ends the connection.
    async fn answer(&self, socket: &mut Socket, answer: &str) {
        if self.write(socket, answer).await.is_ok() {
            let _ = timeout(self.config.limits.close_time, linger(socket)).await;
        }
    }

    async fn write(&self, socket: &mut Socket, answer: &str) -> io::Result<()> {
        let write = async {
            socket.write_all(answer.as_bytes()).await?;
            socket.flush().await
        };
        match timeout(self.config.limits.upgrade_time, write).await {
            Ok(written) => written,
            Err(late) => {
                self.metrics.count_limit(Limit::UpgradeTime);
                Err(late.into())
            }
        }
    }
}

impl Asked {
    fn refused(refusal: Refusal) -> Self {
        Self {
            decision: Decision::Refuse(refusal),
            early: Vec::new(),
            told: Told::Nothing,
        }
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

/// Closes our side and reads what is still coming, so that the kernel does not answer it with a
/// reset that would take the answer away from the client.
async fn linger(socket: &mut Socket) {
    if socket.shutdown().await.is_err() {
        return;
    }
    let mut reading = pin!(std::future::poll_fn(|cx| {
        with_read_buffer(|buffer| {
            let mut read = ReadBuf::new(buffer);
            ready!(Pin::new(&mut *socket).poll_read(cx, &mut read))?;
            Poll::Ready(io::Result::Ok(read.filled().len()))
        })
    }));
    while matches!(reading.as_mut().await, Ok(1..)) {}
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
