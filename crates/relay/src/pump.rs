//! The data path: two sockets, one task, no queue between them.
//!
//! Each direction reads into the thread's buffer, turns the frames there into a server's frames and
//! writes them in one call. What the receiver does not take at once is kept, and nothing more is
//! read from the sender until it is gone: the slow side pushes back through TCP.

mod buffer;
mod farewell;
mod frame;
mod inbound;
mod mask;
mod outbound;
#[cfg(test)]
mod properties;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hawser_wire::CloseReason;
use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::time::Instant;

pub(crate) use self::buffer::with as with_read_buffer;
use self::farewell::Farewell;
use self::frame::PING;
pub(crate) use self::inbound::Budget;
use self::inbound::{Heard, Inbound};
use self::outbound::Outbound;
use crate::metrics::Traffic;
use crate::seat::{Origin, Seat};
use crate::socket::Socket;

/// Reads in a row before other tunnels get their turn: half a megabyte.
const READS_A_TURN: u32 = 8;

/// One side of a tunnel.
#[derive(Debug)]
pub(crate) struct End {
    socket: Socket,
    /// Given back when the socket closes.
    seat: Option<Seat>,
    inbound: Inbound,
    outbound: Outbound,
    farewell: Farewell,
    /// Bytes from this peer since our goodbye.
    late_bytes: u32,
    /// What the peer sent right behind its request has not been looked at.
    unread: bool,
    /// Messages and bytes from this peer that the metrics know of.
    counted: (u32, u64),
}

/// Why a tunnel stops, as one direction found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stopped(pub(crate) CloseReason);

impl End {
    /// A peer that has been answered with 101. `early` is what it sent behind its request.
    pub(crate) fn new(socket: Socket, early: Vec<u8>, seat: Seat) -> Self {
        Self {
            socket,
            seat: Some(seat),
            unread: !early.is_empty(),
            inbound: Inbound::with_carry(early),
            outbound: Outbound::default(),
            farewell: Farewell::Open,
            late_bytes: 0,
            counted: (0, 0),
        }
    }

    /// Adds what this peer has sent since the last time.
    pub(crate) fn count(&mut self, traffic: &Traffic) {
        let (messages, bytes) = self.counted;
        if messages != self.inbound.messages || bytes != self.inbound.bytes {
            traffic
                .messages
                .inc_by(u64::from(self.inbound.messages - messages));
            traffic.bytes.inc_by(self.inbound.bytes - bytes);
            self.counted = (self.inbound.messages, self.inbound.bytes);
        }
    }

    /// Since when this peer has taken nothing, although something waits for it.
    pub(crate) fn stalled_since(&self) -> Option<Instant> {
        self.outbound.stalled_since()
    }

    /// Gives the peer what the other one sent before this one was there.
    pub(crate) fn push_early(&mut self, early: Vec<u8>) {
        if !early.is_empty() {
            self.outbound.push(early);
        }
    }

    /// Sends a ping if nothing else is on its way. `other` is the peer at the far side.
    pub(crate) fn ping(&mut self, other: Option<&Self>) {
        if self.outbound.is_empty() && !other.is_some_and(|other| other.inbound.in_frame()) {
            self.outbound.push(PING.to_vec());
            self.inbound.pongs_due = self.inbound.pongs_due.saturating_add(1);
        }
    }

    /// Sends the answer to a ping that has just come. `in_frame` as for [`Self::poll_flush`].
    pub(crate) fn poll_pong(&mut self, in_frame: bool, cx: &mut Context<'_>) -> io::Result<()> {
        match self.poll_flush(in_frame, cx) {
            Poll::Ready(Err(error)) => Err(error),
            _ => Ok(()),
        }
    }

    /// Writes what waits for this peer. `in_frame` says that it ends inside a frame, where a pong
    /// may not go.
    fn poll_flush(&mut self, in_frame: bool, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !in_frame && let Some(pong) = self.inbound.pong.take() {
            self.outbound.push(pong.into_vec());
        }
        self.outbound.poll_flush(&mut self.socket, cx)
    }

    /// Reads behind what the last read left over. An error stands for the end of the stream too.
    fn poll_read<'b>(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &'b mut [u8],
    ) -> Poll<io::Result<&'b mut [u8]>> {
        let carried = self.inbound.carry.len();
        if let Some(start) = buffer.get_mut(..carried) {
            start.copy_from_slice(&self.inbound.carry);
        }
        let mut len = 0;
        if !std::mem::take(&mut self.unread) {
            let mut read = ReadBuf::new(buffer.get_mut(carried..).unwrap_or_default());
            ready!(Pin::new(&mut self.socket).poll_read(cx, &mut read))?;
            len = read.filled().len();
            if len == 0 {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
        }
        self.inbound.carry = Box::default();
        Poll::Ready(Ok(buffer.get_mut(..carried + len).unwrap_or_default()))
    }

    /// What the end of what this peer sends means.
    fn ended(&mut self, error: &io::Error) -> Stopped {
        let stopped = self.lost();
        if self.still_hears(error) {
            self.farewell = Farewell::Ended;
        }
        stopped
    }

    /// Whether only what this peer sends has ended, with this error, as when another instance drains.
    fn still_hears(&self, error: &io::Error) -> bool {
        let origin = self.seat.as_ref().map(Seat::origin);
        origin == Some(Origin::Peer) && has_ended(error)
    }

    fn lost(&mut self) -> Stopped {
        self.farewell = Farewell::Lost;
        Stopped(CloseReason::PeerLost)
    }
}

/// Whether this is the end of a stream rather than the loss of a connection.
fn has_ended(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::UnexpectedEof
}

/// Moves what `from` sends to `to` until one of them has to wait.
pub(crate) fn poll_forward(
    from: &mut End,
    to: &mut End,
    budget: &Budget,
    cx: &mut Context<'_>,
) -> Poll<Stopped> {
    for _ in 0..READS_A_TURN {
        if ready!(to.poll_flush(from.inbound.in_frame(), cx)).is_err() {
            return Poll::Ready(to.lost());
        }
        let heard = ready!(with_read_buffer(|buffer| {
            let read = match ready!(from.poll_read(cx, buffer)) {
                Ok(read) => read,
                Err(error) => return Poll::Ready(Err(from.ended(&error))),
            };
            let (heard, out) = from.inbound.scan(read, budget);
            let out = read.get(..out).unwrap_or_default();
            if to.outbound.write(&mut to.socket, cx, out).is_err() {
                return Poll::Ready(Err(to.lost()));
            }
            Poll::Ready(Ok(heard))
        }));
        if let Some(stopped) = from.stopped_by(heard) {
            return Poll::Ready(stopped);
        }
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}

/// Takes what a peer sends while nobody is at the far side, up to `limit` bytes in `early`; then
/// stops reading. Answers pings meanwhile.
pub(crate) fn poll_early(
    from: &mut End,
    early: &mut Box<[u8]>,
    limit: usize,
    budget: &Budget,
    cx: &mut Context<'_>,
) -> Poll<Stopped> {
    loop {
        if ready!(from.poll_flush(false, cx)).is_err() {
            return Poll::Ready(from.lost());
        }
        let room = limit.saturating_sub(early.len());
        if room == 0 {
            return Poll::Pending;
        }
        let heard = ready!(with_read_buffer(|buffer| {
            let most = buffer
                .len()
                .min(from.inbound.carry.len().saturating_add(room));
            let Ok(read) = ready!(from.poll_read(cx, buffer.get_mut(..most).unwrap_or_default()))
            else {
                return Poll::Ready(Err(from.lost()));
            };
            let (heard, out) = from.inbound.scan(read, budget);
            if out > 0 {
                let mut grown = std::mem::take(early).into_vec();
                grown.extend_from_slice(read.get(..out).unwrap_or_default());
                *early = grown.into_boxed_slice();
            }
            Poll::Ready(Ok(heard))
        }));
        if let Some(stopped) = from.stopped_by(heard) {
            return Poll::Ready(stopped);
        }
    }
}

impl End {
    fn stopped_by(&mut self, heard: Result<Heard, Stopped>) -> Option<Stopped> {
        match heard {
            Ok(Heard::Data) => None,
            Ok(Heard::Close(code)) => {
                self.farewell = Farewell::Heard(code);
                Some(Stopped(CloseReason::PeerClosed))
            }
            Ok(Heard::Fault(reason)) => {
                self.farewell = Farewell::Broken;
                Some(Stopped(reason))
            }
            Err(stopped) => Some(stopped),
        }
    }

    /// Whether the last data frame from this peer is incomplete.
    pub(crate) fn in_frame(&self) -> bool {
        self.inbound.in_frame()
    }
}
