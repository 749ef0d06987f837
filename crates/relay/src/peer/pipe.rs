//! Bytes from one connection to another and back, as they are.

mod direction;

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

pub(super) use self::direction::Direction;
use crate::socket::Socket;

/// Two connections, and what is on its way between them: nothing, as long as both keep up.
pub(super) struct Pipe<'a> {
    client: &'a mut Socket,
    peer: Socket,
    to_peer: Direction,
    to_client: Direction,
    patience: Patience,
    alarm: Pin<Box<Sleep>>,
    /// What had moved when the alarm last rang and somebody had to take something.
    at_alarm: Option<u64>,
    /// The client has been told that it is over, and only its own end is awaited.
    is_over: bool,
}

/// How long a hop waits for others.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    /// For somebody who has to take something and does not.
    pub(super) stall_time: Duration,
    /// For a client that has been told that it is over.
    pub(super) close_time: Duration,
}

impl<'a> Pipe<'a> {
    pub(super) fn new(
        client: &'a mut Socket,
        peer: Socket,
        to_peer: Direction,
        to_client: Direction,
        patience: Patience,
    ) -> Self {
        Self {
            client,
            peer,
            to_peer,
            to_client,
            alarm: Box::pin(sleep(patience.stall_time)),
            patience,
            at_alarm: None,
            is_over: false,
        }
    }

    /// Ends the client's side as if it had hung up. The owner of its tunnel says why in a last frame, for
    /// which there is `close_time`: from here it could land inside another frame.
    pub(super) fn hang_up(&mut self) {
        self.to_peer.end();
        self.is_over = true;
        self.alarm
            .as_mut()
            .reset(Instant::now() + self.patience.close_time);
    }

    /// Ready when both sides have ended, or one takes nothing any more.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let to_peer = self.to_peer.poll(self.client, &mut self.peer, cx);
        let to_client = self.to_client.poll(&mut self.peer, self.client, cx);
        if to_client.is_ready() && !self.is_over {
            self.is_over = true;
            self.alarm
                .as_mut()
                .reset(Instant::now() + self.patience.close_time);
        }
        if to_peer.is_ready() && to_client.is_ready() {
            return Poll::Ready(());
        }
        while self.alarm.as_mut().poll(cx).is_ready() {
            let moved = self.to_peer.moved.wrapping_add(self.to_client.moved);
            if self.is_over || self.at_alarm == Some(moved) {
                return Poll::Ready(());
            }
            let is_owed = self.to_peer.is_owed() || self.to_client.is_owed();
            self.at_alarm = is_owed.then_some(moved);
            self.alarm
                .as_mut()
                .reset(Instant::now() + self.patience.stall_time);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::io;

    use prometheus::IntCounter;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, ReadBuf, duplex};

    use super::*;

    const STALL: Duration = Duration::from_secs(30);
    const CLOSE: Duration = Duration::from_secs(2);

    fn counter() -> IntCounter {
        IntCounter::new("bytes", "bytes").unwrap()
    }

    /// The far ends of a pipe that runs in a task of its own, which resolves when it ends.
    fn pipe(early: &[u8]) -> (DuplexStream, DuplexStream, tokio::task::JoinHandle<()>) {
        let (client, ours) = duplex(64);
        let (peer, theirs) = duplex(64);
        let early = early.to_vec();
        let task = tokio::spawn(async move {
            let mut client = Socket::Other(Box::new(ours));
            let peer = Socket::Other(Box::new(theirs));
            let to_peer = Direction::new(Vec::new(), counter());
            let to_client = Direction::new(early, counter());
            let patience = Patience {
                stall_time: STALL,
                close_time: CLOSE,
            };
            let mut pipe = Pipe::new(&mut client, peer, to_peer, to_client, patience);
            poll_fn(|cx| pipe.poll(cx)).await;
        });
        (client, peer, task)
    }

    #[tokio::test(start_paused = true)]
    async fn copies_both_ways_and_passes_ends_on() {
        let (mut client, mut peer, task) = pipe(b"first ");
        let long: Vec<u8> = (0..100_000).map(|n: u32| n.to_le_bytes()[0]).collect();
        let write = async {
            client.write_all(&long).await.unwrap();
            client.shutdown().await.unwrap();
        };
        let mut read = Vec::new();
        let ((), end) = tokio::join!(write, peer.read_to_end(&mut read));
        assert_eq!(end.unwrap(), long.len());
        assert_eq!(read, long);
        peer.write_all(b"second").await.unwrap();
        drop(peer);
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer, "first second");
        task.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn takes_no_more_than_the_receiver_does() {
        let (mut client, mut peer, _task) = pipe(b"");
        let mut taken = 0;
        let written = tokio::time::timeout(Duration::from_secs(1), async {
            loop {
                taken += client.write(&[0; 64]).await.unwrap();
            }
        });
        written.await.unwrap_err();
        assert!(taken <= 64 * 3, "{taken} bytes are on their way");
        peer.read_exact(&mut [0; 64]).await.unwrap();
        client.write_all(&[0; 64]).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn gives_up_a_receiver_that_takes_nothing_and_keeps_an_idle_one() {
        let (mut client, peer, task) = pipe(b"");
        tokio::time::sleep(STALL * 10).await;
        assert!(!task.is_finished(), "nobody owes anything");
        client.write_all(&[0; 100]).await.unwrap();
        client.write_all(&[0; 64]).await.unwrap();
        let since = Instant::now();
        task.await.unwrap();
        assert!(since.elapsed() <= STALL * 3, "{:?}", since.elapsed());
        drop(peer);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_end_is_given_a_moment() {
        let (client, peer, task) = pipe(b"");
        let since = Instant::now();
        drop(peer);
        task.await.unwrap();
        assert_eq!(since.elapsed(), CLOSE);
        drop(client);
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_peer_said_last_arrives_though_it_takes_nothing_any_more() {
        let (mut client, mut peer, task) = pipe(b"");
        peer.write_all(&[7; 64]).await.unwrap();
        tokio::time::sleep(CLOSE).await;
        peer.write_all(&[8; 64]).await.unwrap();
        drop(peer);
        client.write_all(b"too late").await.unwrap();
        let mut last = Vec::new();
        client.read_to_end(&mut last).await.unwrap();
        assert_eq!(last, [[7; 64], [8; 64]].concat());
        drop(client);
        task.await.unwrap();
    }

    /// Always has more to say, or takes everything and says nothing.
    struct Tireless {
        says: bool,
        turns: u32,
    }

    impl tokio::io::AsyncRead for Tireless {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            self.turns += 1;
            assert!(self.turns < 1000, "the other direction gets no turn");
            if !self.says {
                return Poll::Pending;
            }
            buffer.put_slice(&[0; 1024]);
            Poll::Ready(Ok(()))
        }
    }

    impl tokio::io::AsyncWrite for Tireless {
        fn poll_write(
            self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_direction_that_never_pauses_leaves_turns_for_the_other() {
        let tireless = |says| Socket::Other(Box::new(Tireless { says, turns: 0 }));
        let mut client = tireless(true);
        let to_peer = Direction::new(Vec::new(), counter());
        let to_client = Direction::new(b"first".to_vec(), counter());
        let patience = Patience {
            stall_time: STALL,
            close_time: CLOSE,
        };
        let mut pipe = Pipe::new(&mut client, tireless(false), to_peer, to_client, patience);
        assert!(futures_util::poll!(poll_fn(|cx| pipe.poll(cx))).is_pending());
        assert!(pipe.to_peer.bytes.get() > 0);
        assert_eq!(pipe.to_client.bytes.get(), 5);
    }
}
