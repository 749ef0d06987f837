//! What goes to a service: frames that wait for the connection to take them.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite as _;

use crate::client::frame;
use crate::client::stream::Stream;

/// A buffer that has become longer than this is not kept: an idle connection must cost little.
const KEPT: usize = 4096;

/// Frames to be sent.
#[derive(Debug)]
pub(super) struct Outgoing {
    bytes: Vec<u8>,
    mask: fastrand::Rng,
    close_sent: bool,
}

impl Outgoing {
    pub(super) fn new() -> Self {
        Self {
            bytes: Vec::new(),
            mask: fastrand::Rng::new(),
            close_sent: false,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Puts a message of `len` bytes behind the others.
    pub(super) fn put(&mut self, len: usize, fill: impl FnOnce(&mut Vec<u8>)) {
        let mask = self.mask.u32(..).to_ne_bytes();
        frame::write(frame::BINARY, len, mask, &mut self.bytes, fill);
    }

    /// Puts bytes that need not be a frame behind the others.
    pub(super) fn put_raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Answers a ping. Nothing follows a close frame.
    pub(super) fn put_pong(&mut self, payload: &[u8]) {
        if !self.close_sent {
            let mask = self.mask.u32(..).to_ne_bytes();
            let len = payload.len();
            frame::write(frame::PONG, len, mask, &mut self.bytes, |out| {
                out.extend_from_slice(payload);
            });
        }
    }

    /// Puts a close frame behind the others, once.
    pub(super) fn put_close(&mut self, code: u16) {
        if !self.close_sent {
            self.close_sent = true;
            let mask = self.mask.u32(..).to_ne_bytes();
            frame::write(frame::CLOSE, 2, mask, &mut self.bytes, |out| {
                out.extend_from_slice(&code.to_be_bytes());
            });
        }
    }

    /// Sends what the stream takes; ready when all of it is gone.
    pub(super) fn poll_flush(
        &mut self,
        stream: &mut Stream,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let mut sent = 0;
        let result = loop {
            let rest = self.bytes.get(sent..).unwrap_or_default();
            if rest.is_empty() {
                break Pin::new(&mut *stream).poll_flush(cx);
            }
            match Pin::new(&mut *stream).poll_write(cx, rest) {
                Poll::Ready(Ok(0)) => break Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(n)) => sent += n,
                Poll::Ready(Err(e)) => break Poll::Ready(Err(e)),
                Poll::Pending => break Poll::Pending,
            }
        };
        if sent < self.bytes.len() {
            self.bytes.drain(..sent);
        } else if self.bytes.capacity() > KEPT {
            self.bytes = Vec::new();
        } else {
            self.bytes.clear();
        }
        result
    }
}
