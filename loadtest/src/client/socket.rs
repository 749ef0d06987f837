//! One end of a tunnel: whole messages in and out. An idle one holds no buffer.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead as _, ReadBuf};

pub(crate) use crate::client::incoming::Event;
use crate::client::incoming::{Incoming, Item};
use crate::client::outgoing::Outgoing;
use crate::client::stream::Stream;

/// Bytes of one read, shared by all connections of a thread.
const READ_LEN: usize = 128 * 1024;

thread_local! {
    static READ: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_LEN]);
}

/// A WebSocket.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: Stream,
    incoming: Incoming,
    outgoing: Outgoing,
}

impl Socket {
    /// After the upgrade. `early` is what came behind the answer.
    pub(crate) fn new(stream: Stream, early: Vec<u8>) -> Self {
        Self {
            stream,
            incoming: Incoming::new(early),
            outgoing: Outgoing::new(),
        }
    }

    /// Puts a message of `len` bytes behind those to be sent; [`Self::flush`] sends them.
    pub(crate) fn put(&mut self, len: usize, fill: impl FnOnce(&mut Vec<u8>)) {
        self.outgoing.put(len, fill);
    }

    /// Puts bytes that need not be a frame behind those to be sent.
    pub(crate) fn put_raw(&mut self, bytes: &[u8]) {
        self.outgoing.put_raw(bytes);
    }

    /// Puts a close frame behind the messages to be sent, once.
    pub(crate) fn put_close(&mut self, code: u16) {
        self.outgoing.put_close(code);
    }

    /// Sends what was put.
    ///
    /// # Cancel safety
    /// What was not sent stays for the next call.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    /// Sends as much of what was put as the connection takes at once; [`Self::receive`] and
    /// [`Self::flush`] send the rest.
    pub(crate) async fn push(&mut self) -> io::Result<()> {
        poll_fn(|cx| match self.poll_flush(cx) {
            Poll::Pending => Poll::Ready(Ok(())),
            ready @ Poll::Ready(_) => ready,
        })
        .await
    }

    /// Whether something that was put has not been sent yet.
    pub(crate) fn has_unsent(&self) -> bool {
        !self.outgoing.is_empty()
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outgoing.poll_flush(&mut self.stream, cx)
    }

    /// Waits for at least one event, and hands over all that one read brought. Pings are answered
    /// on the way, and what was put goes out meanwhile: a service that is held up in one direction
    /// must not hold up the other. Returns how many events there were.
    ///
    /// # Cancel safety
    /// Nothing is lost: reading and handing over are one step.
    pub(crate) async fn receive(&mut self, mut each: impl FnMut(Event<'_>)) -> usize {
        let events = poll_fn(|cx| {
            if self.has_unsent() && !self.incoming.is_over() {
                // A connection that is broken shows when it is read.
                let _ = self.poll_flush(cx);
            }
            self.poll_receive(cx, &mut each)
        })
        .await;
        if self.has_unsent() && !self.incoming.is_over() {
            // A failed answer to a ping shows at the next read.
            let _ = self.push().await;
        }
        events
    }

    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        each: &mut impl FnMut(Event<'_>),
    ) -> Poll<usize> {
        if self.incoming.has_partial() {
            // Bytes that came behind the answer to the upgrade may already be whole frames.
            let events = self.accept(&[], each);
            if events > 0 {
                return Poll::Ready(events);
            }
        }
        READ.with_borrow_mut(|space| {
            loop {
                let mut read = ReadBuf::new(space);
                let end = match Pin::new(&mut self.stream).poll_read(cx, &mut read) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Err(_)) => Some(Event::Broken),
                    Poll::Ready(Ok(())) if read.filled().is_empty() => Some(Event::End),
                    Poll::Ready(Ok(())) => None,
                };
                if let Some(end) = end {
                    self.incoming.end();
                    each(end);
                    return Poll::Ready(1);
                }
                let events = self.accept(read.filled(), each);
                if events > 0 {
                    return Poll::Ready(events);
                }
                if self.has_unsent() {
                    let _ = self.poll_flush(cx);
                }
            }
        })
    }

    /// Takes bytes that were read, and answers what is to be answered. Returns how many events there
    /// were.
    fn accept(&mut self, bytes: &[u8], each: &mut impl FnMut(Event<'_>)) -> usize {
        let Self {
            incoming, outgoing, ..
        } = self;
        incoming.accept(bytes, &mut |item| match item {
            Item::Ping(payload) => {
                outgoing.put_pong(payload);
                each(Event::Ping);
            }
            Item::Event(event) => {
                if let Event::Close(code) = event {
                    // The answer repeats the code (§5.5.1).
                    outgoing.put_close(code.unwrap_or(1000));
                }
                each(event);
            }
        })
    }

    /// Waits for the service to end the stream.
    pub(crate) async fn ended(&mut self) {
        // The answer to a close frame may still be on its way out.
        let _ = self.flush().await;
        poll_fn(|cx| {
            READ.with_borrow_mut(|space| {
                loop {
                    let mut read = ReadBuf::new(space);
                    match Pin::new(&mut self.stream).poll_read(cx, &mut read) {
                        Poll::Pending => return Poll::Pending,
                        Poll::Ready(Ok(())) if !read.filled().is_empty() => {}
                        Poll::Ready(_) => return Poll::Ready(()),
                    }
                }
            })
        })
        .await;
    }

    /// Makes the coming close a reset.
    pub(crate) fn reset_on_close(&self) {
        self.stream.reset_on_close();
    }
}
