//! One direction of a pipe: what one connection sends goes to the other, and its end too.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use prometheus::IntCounter;
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};

use crate::pump::with_read_buffer;
use crate::socket::Socket;

/// Reads in a row before the other direction gets its turn: without it, a fast sender would use up
/// what tokio allows a task in a turn, and the other direction and the alarm would wait for ever.
const STEPS_A_TURN: u32 = 8;

/// One direction of it.
pub(in crate::peer) struct Direction {
    /// What was read and not taken yet, from `sent` on.
    unsent: Vec<u8>,
    sent: usize,
    needs_flush: bool,
    stage: Stage,
    /// Bytes that the receiver has taken.
    pub(super) moved: u64,
    /// Where they are counted.
    pub(super) bytes: IntCounter,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Open,
    /// The sender has ended, and the receiver is to be told.
    Ended,
    Done,
}

impl Direction {
    /// `unsent` is what goes first, and is counted in `bytes` like the rest.
    pub(in crate::peer) fn new(unsent: Vec<u8>, bytes: IntCounter) -> Self {
        Self {
            unsent,
            sent: 0,
            needs_flush: false,
            stage: Stage::Open,
            moved: 0,
            bytes,
        }
    }

    /// Takes nothing more from the sender, as if it had ended.
    pub(super) fn end(&mut self) {
        if self.stage == Stage::Open {
            self.stage = Stage::Ended;
        }
    }

    /// Somebody has to take something, or to end what the other has ended.
    pub(super) fn is_owed(&self) -> bool {
        self.stage != Stage::Open || self.needs_flush || !self.unsent.is_empty()
    }

    /// Ready when the receiver has been told that the sender has ended.
    pub(super) fn poll(
        &mut self,
        from: &mut Socket,
        to: &mut Socket,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        for _ in 0..STEPS_A_TURN {
            if self.stage == Stage::Done {
                return Poll::Ready(());
            }
            if ready!(self.poll_step(from, to, cx)).is_err() {
                // A connection that fails is one that ends. What comes the other way may still be
                // good: the other direction finds out by itself.
                self.forget();
                self.stage = match self.stage {
                    Stage::Open => Stage::Ended,
                    Stage::Ended | Stage::Done => Stage::Done,
                };
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_step(
        &mut self,
        from: &mut Socket,
        to: &mut Socket,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_unsent(to, cx))?;
        match self.stage {
            Stage::Open => self.poll_read(from, to, cx),
            Stage::Ended => {
                ready!(Pin::new(to).poll_shutdown(cx))?;
                self.stage = Stage::Done;
                Poll::Ready(Ok(()))
            }
            Stage::Done => Poll::Ready(Ok(())),
        }
    }

    fn forget(&mut self) {
        self.unsent = Vec::new();
        self.sent = 0;
        self.needs_flush = false;
    }

    fn poll_unsent(&mut self, to: &mut Socket, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.unsent.get(self.sent..).filter(|rest| !rest.is_empty()) {
            let written = ready!(Pin::new(&mut *to).poll_write(cx, rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent += written;
            self.wrote(written);
        }
        if self.sent > 0 {
            self.unsent = Vec::new();
            self.sent = 0;
        }
        if self.needs_flush {
            ready!(Pin::new(to).poll_flush(cx))?;
            self.needs_flush = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Reads once and writes what the receiver takes of it.
    fn poll_read(
        &mut self,
        from: &mut Socket,
        to: &mut Socket,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        with_read_buffer(|buffer| {
            let mut read = ReadBuf::new(buffer);
            ready!(Pin::new(from).poll_read(cx, &mut read))?;
            let bytes = read.filled();
            if bytes.is_empty() {
                self.stage = Stage::Ended;
                return Poll::Ready(Ok(()));
            }
            let written = match Pin::new(to).poll_write(cx, bytes) {
                Poll::Ready(written) => written?,
                Poll::Pending => 0,
            };
            self.wrote(written);
            self.unsent = bytes.get(written..).unwrap_or_default().to_vec();
            Poll::Ready(Ok(()))
        })
    }

    fn wrote(&mut self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or_default();
        self.needs_flush = true;
        self.moved = self.moved.wrapping_add(bytes);
        self.bytes.inc_by(bytes);
    }
}
