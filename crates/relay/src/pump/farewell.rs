//! The closing handshake with one peer (RFC 6455 §7), and how long it is listened to meanwhile.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hawser_wire::CloseReason;
use tokio::io::AsyncWrite as _;

use super::frame::{close_answer, close_frame};
use super::inbound::{Budget, Heard};
use super::{End, READS_A_TURN, has_ended, with_read_buffer};
use crate::socket::Socket;

/// Bytes taken from a peer that has been told goodbye: more than the kernels at both ends hold of what it
/// sent before it knew. One that sends on is hung up on; its partner may need a while longer, and
/// nobody should pay for a flood meanwhile.
const LATE_BYTES: u32 = 32 * 1024 * 1024;

/// For a peer whose messages are thrown away while its close frame is awaited.
const UNLIMITED: Budget = Budget {
    message_bytes: u32::MAX - 1,
    messages: None,
    bytes: None,
    control_frames: u32::MAX,
};

/// How far the closing handshake with a peer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Farewell {
    /// Not begun.
    Open,
    /// The peer's close frame has come, with this code.
    Heard(Option<u16>),
    /// Another instance passes nothing on any more from its laptop, which still hears what is said here:
    /// it drains, and cannot tell a laptop of a foreign tunnel itself, because it does not know where
    /// frames begin.
    Ended,
    /// The peer broke a rule: where its next frame begins is not known.
    Broken,
    /// Ours is on its way; the peer's answer is to come.
    Said,
    /// All that it can be told is on its way to a peer that has answered already or will not, or whose answer
    /// would not be understood.
    Told,
    /// Our side is closed, and what still comes is thrown away until the peer closes its own:
    /// closing with bytes unread would make the kernel take back what the peer has not got yet.
    Discarding,
    /// Nothing more to wait for once everything is written.
    Done,
    /// The connection is of no use any more.
    Lost,
}

impl End {
    /// Whether everything for this peer has been handed to the kernel.
    pub(crate) fn is_flushed(&self) -> bool {
        self.outbound.is_empty() || self.farewell == Farewell::Lost
    }

    /// Whether this peer was hung up on because it sent on and on.
    pub(crate) fn is_flooding(&self) -> bool {
        self.late_bytes >= LATE_BYTES
    }

    /// Begins the closing handshake (RFC 6455 §7.1.2), behind everything that waits already.
    ///
    /// A peer that has received part of a frame cannot be told anything: `in_frame`.
    pub(crate) fn say_goodbye(&mut self, reason: CloseReason, in_frame: bool) {
        self.farewell = match self.farewell {
            Farewell::Lost => Farewell::Lost,
            _ if in_frame => Farewell::Told,
            Farewell::Heard(code) => {
                // A peer for which nothing waits here is gone at once. One that is slow may say more before it
                // has got all, if only that TLS ends: unread, that would take back what is on its way to it.
                let behind = !self.outbound.is_empty();
                self.outbound.push(close_answer(code));
                if behind {
                    Farewell::Told
                } else {
                    Farewell::Done
                }
            }
            Farewell::Ended => {
                self.outbound.push(close_frame(reason));
                Farewell::Done
            }
            Farewell::Broken => {
                self.outbound.push(close_frame(reason));
                Farewell::Told
            }
            _ => {
                self.outbound.push(close_frame(reason));
                Farewell::Said
            }
        };
    }

    /// Ready when everything has been written and the peer has answered, or is gone.
    pub(crate) fn poll_goodbye(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !matches!(self.farewell, Farewell::Done | Farewell::Lost) {
            self.farewell = ready!(self.poll_answer(cx));
        }
        if self.farewell == Farewell::Done {
            // Whether it heard that or not, there is nothing more to do for it.
            let _ = ready!(self.outbound.poll_close(&mut self.socket, cx));
            self.farewell = Farewell::Lost;
        }
        // Now, and not when the other side is done too.
        self.socket = Socket::Closed;
        self.seat = None;
        Poll::Ready(())
    }

    /// Writes what waits, and listens until the peer has answered ([`Farewell::Done`]) or is gone
    /// ([`Farewell::Lost`]).
    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Farewell> {
        let flushed = match self.outbound.poll_flush(&mut self.socket, cx) {
            Poll::Ready(Err(_)) => return Poll::Ready(Farewell::Lost),
            flushed => flushed.is_ready(),
        };
        if self.farewell == Farewell::Told && flushed {
            match Pin::new(&mut self.socket).poll_shutdown(cx) {
                Poll::Ready(Ok(())) => self.farewell = Farewell::Discarding,
                Poll::Ready(Err(_)) => return Poll::Ready(Farewell::Lost),
                Poll::Pending => {}
            }
        }
        // Also while the peer takes nothing: it may be one that first wants to be rid of what it says.
        for _ in 0..READS_A_TURN {
            if self.is_flooding() {
                return Poll::Ready(Farewell::Lost);
            }
            self.farewell = ready!(with_read_buffer(|buffer| self.poll_hear(cx, buffer)));
            if matches!(self.farewell, Farewell::Done | Farewell::Lost) {
                return Poll::Ready(self.farewell);
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Reads once, and says how far the handshake is then.
    fn poll_hear(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Farewell> {
        let read = match ready!(self.poll_read(cx, buffer)) {
            Ok(read) => read,
            Err(error) if self.still_hears(&error) => return Poll::Ready(Farewell::Done),
            // It has said all, and may still take the rest.
            Err(error) if self.farewell == Farewell::Told && has_ended(&error) => {
                return Poll::Ready(Farewell::Done);
            }
            Err(_) => return Poll::Ready(Farewell::Lost),
        };
        let len = u32::try_from(read.len()).unwrap_or(u32::MAX);
        self.late_bytes = self.late_bytes.saturating_add(len);
        if matches!(self.farewell, Farewell::Told | Farewell::Discarding) {
            return Poll::Ready(self.farewell);
        }
        Poll::Ready(match self.inbound.scan(read, &UNLIMITED).0 {
            Heard::Data => self.farewell,
            // As in the answer to its own: a slow one may say more before it has got all.
            Heard::Close(_) | Heard::Fault(_) if !self.outbound.is_empty() => Farewell::Told,
            Heard::Close(_) | Heard::Fault(_) => Farewell::Done,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
    use tokio::time::timeout;
    use tokio::{join, task};

    use super::*;
    use crate::metrics::Metrics;
    use crate::seat::Seat;

    #[tokio::test]
    async fn an_instance_that_passes_nothing_on_any_more_still_gets_what_waits_for_its_laptop() {
        let metrics = Metrics::new().unwrap();
        let (mut hop, ours) = duplex(64);
        let socket = Socket::Other(Box::new(ours));
        let mut laptop = End::new(socket, Vec::new(), Seat::new(&metrics).of_peer(&metrics));
        laptop.push_early(vec![7; 1000]);
        laptop.say_goodbye(CloseReason::PeerClosed, false);
        let goodbye = task::spawn(async move { poll_fn(|cx| laptop.poll_goodbye(cx)).await });
        // It drains, when the tunnel has ended but its laptop is slow.
        hop.shutdown().await.unwrap();
        let mut read = Vec::new();
        let (end, goodbye) = join!(hop.read_to_end(&mut read), goodbye);
        goodbye.unwrap();
        end.unwrap();
        let expected = [vec![7; 1000], close_frame(CloseReason::PeerClosed)].concat();
        assert!(
            read == expected,
            "{} bytes of {}",
            read.len(),
            expected.len()
        );
    }

    #[tokio::test]
    async fn a_peer_that_has_said_all_still_gets_what_waits_for_it() {
        let metrics = Metrics::new().unwrap();
        let (mut peer, ours) = duplex(64);
        let socket = Socket::Other(Box::new(ours));
        let mut end = End::new(socket, Vec::new(), Seat::new(&metrics));
        end.push_early(vec![7; 1000]);
        end.say_goodbye(CloseReason::PeerLost, true);
        let goodbye = task::spawn(async move { poll_fn(|cx| end.poll_goodbye(cx)).await });
        peer.shutdown().await.unwrap();
        let mut read = Vec::new();
        peer.read_to_end(&mut read).await.unwrap();
        assert!(read == [7; 1000], "{} bytes", read.len());
        goodbye.await.unwrap();
    }

    #[tokio::test]
    async fn a_slow_peer_is_heard_out_so_that_it_gets_what_came_before() {
        /// A peer's own close frame, with code 1000.
        const CLOSE: [u8; 8] = [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8];
        let metrics = Metrics::new().unwrap();
        let answer = close_answer(Some(1000));
        let ours = close_frame(CloseReason::PeerLost);
        for (farewell, in_frame, says, answer) in [
            (Farewell::Open, true, &[][..], &[][..]),
            (Farewell::Heard(Some(1000)), false, &[], &answer),
            // The close frames cross.
            (Farewell::Open, false, &CLOSE, &ours),
            // It wants to be rid of what it says before it reads.
            (Farewell::Open, true, &[0; 1000], &[]),
            (Farewell::Heard(Some(1000)), false, &[0; 1000], &answer),
        ] {
            let (mut peer, ours) = duplex(64);
            let socket = Socket::Other(Box::new(ours));
            let mut end = End::new(socket, Vec::new(), Seat::new(&metrics));
            end.push_early(vec![7; 1000]);
            end.farewell = farewell;
            end.say_goodbye(CloseReason::PeerLost, in_frame);
            let goodbye = task::spawn(async move { poll_fn(|cx| end.poll_goodbye(cx)).await });
            let said = timeout(Duration::from_secs(20), peer.write_all(says)).await;
            said.expect("it is listened to").unwrap();
            let mut read = Vec::new();
            peer.read_to_end(&mut read).await.unwrap();
            assert!(read == [&[7; 1000], answer].concat(), "{farewell:?}");
            let late = peer.write_all(&[0; 1000]).await;
            late.unwrap_or_else(|error| {
                panic!("{farewell:?}: what it still says makes a reset: {error}")
            });
            drop(peer);
            goodbye.await.unwrap();
        }
    }
}
