//! One client's request for another instance's tunnel: asked there, answered here, then copied.

use std::future::poll_fn;
use std::io;
use std::time::{Duration, SystemTime};

use hawser_wire::TunnelPath;
use hawser_wire::header::SUBPROTOCOL;
use rustix::io::Errno;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy, sink};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::breaker::Held;
use super::metrics::Outcome;
use super::pipe::{Direction, Patience, Pipe};
use super::token::mint;
use super::{Peers, Place, TOKEN_FIELD};
use crate::decide::Elsewhere;
use crate::metrics::{Counted, Limit};
use crate::refusal::Refusal;
use crate::shared::Shared;
use crate::socket::{Socket, abandon_after, prepare};

/// Bytes of an answer's head. Ours have 200.
const ANSWER_MOST: usize = 4096;

/// An idle connection is probed, so that an instance whose machine vanished is noticed in half a
/// minute, like a client that did.
const KEEPALIVE: socket2::TcpKeepalive = socket2::TcpKeepalive::new()
    .with_time(Duration::from_secs(15))
    .with_interval(Duration::from_secs(5))
    .with_retries(3);

/// An owner's answer.
struct Answer {
    peer: Socket,
    status: u16,
    /// The head as it came, and what came behind it.
    bytes: Vec<u8>,
}

impl Shared {
    /// Passes a client on to the instance that has its tunnel, and copies bytes until either ends.
    /// `early` is what the client sent behind its request.
    pub(crate) async fn hop(
        &self,
        client: &mut Socket,
        early: Vec<u8>,
        asked: Elsewhere,
    ) -> Option<Refusal> {
        if self.cut.is_cancelled() {
            return Some(Refusal::Draining);
        }
        let place = self
            .peers
            .as_ref()
            .and_then(|peers| Some((peers, peers.owner(asked.routing)?)));
        let Some((peers, place)) = place else {
            return Some(Refusal::NoTunnel);
        };
        let metrics = &self.metrics.peers;
        // Takes a file as a client's connection does, so it has to find room within the same limit.
        let Some(_seat) = self.take_seat() else {
            self.metrics.count_limit(Limit::Connections);
            metrics.count(Outcome::NoRoom);
            return Some(refusal(Outcome::NoRoom));
        };
        let _begun = Counted::new(&metrics.begun);
        let since = Instant::now();
        let answer = peers.ask(place, asked, &early).await;
        if answer.is_ok() {
            metrics
                .answer_seconds
                .observe(since.elapsed().as_secs_f64());
        }
        let outcome = match &answer {
            Ok(answer) => match answer.status {
                101 => Outcome::Joined,
                404 => Outcome::NoTunnel,
                _ => Outcome::Refused,
            },
            Err(outcome) => *outcome,
        };
        metrics.count(outcome);
        let _open = (outcome == Outcome::Joined).then(|| metrics.hop());
        let Answer { peer, bytes, .. } = match (outcome, answer) {
            (Outcome::Joined, Ok(answer)) => answer,
            (outcome, _) => return Some(refusal(outcome)),
        };
        let direction = |name| metrics.bytes.with_label_values(&[name]);
        let to_peer = Direction::new(Vec::new(), direction("to_peer"));
        let to_client = Direction::new(bytes, direction("to_client"));
        let patience = Patience {
            stall_time: self.config.limits.write_stall_time,
            close_time: self.config.limits.close_time,
        };
        if let Socket::Tcp(peer) = &peer {
            // The client at the far side may be a slow one.
            let _ = prepare(peer);
            abandon_after(peer, patience.stall_time);
        }
        let mut pipe = Pipe::new(client, peer, to_peer, to_client, patience);
        let copied = poll_fn(|cx| pipe.poll(cx));
        if self.cut.run_until_cancelled(copied).await.is_none() {
            let deadline = Instant::now() + patience.close_time;
            pipe.hang_up();
            poll_fn(|cx| pipe.poll(cx)).await;
            drop(pipe);
            // Nobody wants its answer, but unread it would make the kernel take back what it was told.
            let _ = timeout_at(deadline, copy(client, &mut sink())).await;
        }
        None
    }
}

/// What the client is told.
fn refusal(outcome: Outcome) -> Refusal {
    match outcome {
        Outcome::NoTunnel => Refusal::NoTunnel,
        Outcome::Refused => Refusal::PeerRefused,
        Outcome::HeldBusy | Outcome::NoRoom => Refusal::PeerBusy,
        Outcome::Joined
        | Outcome::Down
        | Outcome::Silent
        | Outcome::HeldDown
        | Outcome::NoAddress => Refusal::PeerDown,
    }
}

impl Peers {
    async fn ask(&self, place: &Place, asked: Elsewhere, early: &[u8]) -> Result<Answer, Outcome> {
        let dial = place.breaker.dial().map_err(|held| match held {
            Held::Down if place.address.is_nowhere() => Outcome::NoAddress,
            Held::Down => Outcome::HeldDown,
            Held::Busy => Outcome::HeldBusy,
        })?;
        let mut stream = match timeout(self.limits.connect_time, place.connect()).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) if is_our_shortage(&error) => {
                tracing::debug!(peer = place.name, %error, "no socket for an instance");
                return Err(Outcome::NoRoom);
            }
            Ok(Err(_)) | Err(_) => {
                place.address.forget();
                dial.failed();
                if place.address.is_nowhere() {
                    tracing::debug!(peer = place.name, "instance has no address");
                    return Err(Outcome::NoAddress);
                }
                tracing::debug!(peer = place.name, "instance cannot be reached");
                return Err(Outcome::Down);
            }
        };
        let answer = async {
            let mut request = self.request(place, asked)?;
            request.extend_from_slice(early);
            stream.write_all(&request).await?;
            read_answer(&mut stream).await
        };
        let Ok(Ok((status, bytes))) = timeout(self.limits.answer_time, answer).await else {
            place.address.forget();
            dial.failed();
            tracing::debug!(peer = place.name, "instance gives no answer");
            return Err(Outcome::Silent);
        };
        dial.succeeded();
        if status != 101 && status != 404 {
            tracing::debug!(peer = place.name, status, "instance refuses");
        }
        Ok(Answer {
            peer: Socket::Tcp(stream),
            status,
            bytes,
        })
    }

    /// The same upgrade that the client asked for. Nothing else of its request goes further.
    fn request(&self, place: &Place, asked: Elsewhere) -> io::Result<Vec<u8>> {
        let Elsewhere {
            routing,
            tunnel,
            key,
        } = asked;
        let path = TunnelPath::Connect(routing, tunnel).to_string();
        let token = mint(&self.keys(), &path, SystemTime::now())
            .ok_or_else(|| io::Error::other("no random numbers"))?;
        let key = std::str::from_utf8(&key).map_err(io::Error::other)?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\
             Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\n{TOKEN_FIELD}: {token}\r\n\r\n",
            place.name
        );
        Ok(request.into_bytes())
    }
}

impl Place {
    async fn connect(&self) -> io::Result<TcpStream> {
        let addresses = self.address.find().await;
        let stream = TcpStream::connect(addresses.as_slice()).await?;
        stream.set_nodelay(true)?;
        let socket = socket2::SockRef::from(&stream);
        socket.set_tcp_keepalive(&KEEPALIVE)?;
        Ok(stream)
    }
}

/// Whether a dial failed for want of something of ours: files or memory. It says nothing about the
/// other instance, which other clients still find.
fn is_our_shortage(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM)
    )
}

/// The status of an answer, and everything that was read.
async fn read_answer(stream: &mut TcpStream) -> io::Result<(u16, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if bytes.len() >= ANSWER_MOST || stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut fields = [httparse::EMPTY_HEADER; 32];
        let mut head = httparse::Response::new(&mut fields);
        let parsed = head.parse(&bytes).map_err(io::Error::other)?;
        if let (true, Some(status)) = (parsed.is_complete(), head.code) {
            return Ok((status, bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortage_of_ours_is_no_failure_of_theirs() {
        for (errno, ours) in [
            (Errno::MFILE, true),
            (Errno::NOBUFS, true),
            (Errno::ADDRNOTAVAIL, false),
            (Errno::CONNREFUSED, false),
            (Errno::HOSTUNREACH, false),
            (Errno::TIMEDOUT, false),
        ] {
            assert_eq!(is_our_shortage(&errno.into()), ours, "{errno}");
        }
        assert!(!is_our_shortage(&io::ErrorKind::InvalidInput.into()));
    }
}
