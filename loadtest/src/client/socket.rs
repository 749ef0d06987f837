//! One end of a tunnel: whole messages in and out. An idle one holds no buffer.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use crate::client::frame;
use crate::client::stream::Stream;
use crate::payload::MESSAGE_MAX;

/// Bytes of one read, shared by all connections of a thread.
const READ_LEN: usize = 128 * 1024;

/// The longest message that is taken: somewhat more than the longest sent, to see what grew.
const RECEIVE_MAX: usize = MESSAGE_MAX + 4096;

thread_local! {
    static READ: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_LEN]);
}

/// What came out of a socket.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event<'a> {
    Binary(&'a [u8]),
    Text,
    /// A close frame. Nothing but [`Event::End`] follows.
    Close(Option<u16>),
    /// The service broke RFC 6455. Nothing follows.
    BadFrame,
    /// The stream ended.
    End,
    /// The stream broke.
    Broken,
}

/// A WebSocket.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: Stream,
    /// A frame that is not all there yet.
    partial: Vec<u8>,
    /// A message whose last fragment is not there yet.
    fragments: Option<(bool, Vec<u8>)>,
    out: Vec<u8>,
    mask: fastrand::Rng,
    close_sent: bool,
    /// A close frame has come, or nothing more can.
    over: bool,
    /// Pings answered.
    pub(crate) pings: u64,
}

impl Socket {
    /// After the upgrade. `early` is what came behind the answer.
    pub(crate) fn new(stream: Stream, early: Vec<u8>) -> Self {
        Self {
            stream,
            partial: early,
            fragments: None,
            out: Vec::new(),
            mask: fastrand::Rng::new(),
            close_sent: false,
            over: false,
            pings: 0,
        }
    }

    /// Puts a message of `len` bytes behind those to be sent; [`Self::flush`] sends them.
    pub(crate) fn put(&mut self, len: usize, fill: impl FnOnce(&mut Vec<u8>)) {
        let mask = self.mask.u32(..).to_ne_bytes();
        frame::write(frame::BINARY, len, mask, &mut self.out, fill);
    }

    /// Puts bytes that need not be a frame behind those to be sent.
    pub(crate) fn put_raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// Puts a close frame behind the messages to be sent, once.
    pub(crate) fn put_close(&mut self, code: u16) {
        if !self.close_sent {
            self.close_sent = true;
            let mask = self.mask.u32(..).to_ne_bytes();
            frame::write(frame::CLOSE, 2, mask, &mut self.out, |out| {
                out.extend_from_slice(&code.to_be_bytes());
            });
        }
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
        !self.out.is_empty()
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut sent = 0;
        let result = loop {
            let rest = self.out.get(sent..).unwrap_or_default();
            if rest.is_empty() {
                break Pin::new(&mut self.stream).poll_flush(cx);
            }
            match Pin::new(&mut self.stream).poll_write(cx, rest) {
                Poll::Ready(Ok(0)) => break Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(n)) => sent += n,
                Poll::Ready(Err(e)) => break Poll::Ready(Err(e)),
                Poll::Pending => break Poll::Pending,
            }
        };
        if sent == self.out.len() {
            // A long message must not leave a long buffer behind.
            if self.out.capacity() > 4096 {
                self.out = Vec::new();
            } else {
                self.out.clear();
            }
        } else {
            self.out.drain(..sent);
        }
        result
    }

    /// Waits for at least one event, and hands over all that one read brought. Pings are answered
    /// on the way, and what was put goes out meanwhile: a service that is held up in one direction
    /// must not hold up the other. Returns how many events there were.
    ///
    /// # Cancel safety
    /// Nothing is lost: reading and handing over are one step.
    pub(crate) async fn receive(&mut self, mut each: impl FnMut(Event<'_>)) -> usize {
        let events = poll_fn(|cx| {
            if !self.out.is_empty() && !self.over {
                // A connection that is broken shows when it is read.
                let _ = self.poll_flush(cx);
            }
            self.poll_receive(cx, &mut each)
        })
        .await;
        if !self.out.is_empty() && !self.over {
            // A failed answer to a ping shows at the next read.
            let _ = self.push().await;
        }
        events
    }

    pub(crate) fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        each: &mut impl FnMut(Event<'_>),
    ) -> Poll<usize> {
        if !self.partial.is_empty() {
            // Bytes that came behind the answer to the upgrade may already be whole frames.
            let mut bytes = std::mem::take(&mut self.partial);
            let (used, events) = self.consume(&bytes, each);
            bytes.drain(..used.min(bytes.len()));
            self.partial = bytes;
            if events > 0 {
                return Poll::Ready(events);
            }
        }
        READ.with_borrow_mut(|space| {
            loop {
                let mut read = ReadBuf::new(space);
                match Pin::new(&mut self.stream).poll_read(cx, &mut read) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Err(_)) => {
                        self.over = true;
                        each(Event::Broken);
                        return Poll::Ready(1);
                    }
                    Poll::Ready(Ok(())) => {}
                }
                if read.filled().is_empty() {
                    self.over = true;
                    each(Event::End);
                    return Poll::Ready(1);
                }
                let events = self.accept(read.filled(), each);
                if !self.out.is_empty() && events == 0 {
                    let _ = self.poll_flush(cx);
                }
                if events > 0 {
                    return Poll::Ready(events);
                }
            }
        })
    }

    /// Takes bytes that were read.
    fn accept(&mut self, bytes: &[u8], each: &mut impl FnMut(Event<'_>)) -> usize {
        if self.partial.is_empty() {
            let (used, events) = self.consume(bytes, each);
            self.partial
                .extend_from_slice(bytes.get(used..).unwrap_or_default());
            return events;
        }
        let mut joined = std::mem::take(&mut self.partial);
        joined.extend_from_slice(bytes);
        let (used, events) = self.consume(&joined, each);
        if used < joined.len() {
            joined.drain(..used);
            self.partial = joined;
        }
        events
    }

    /// Hands over every whole frame. Returns the bytes used and the number of events.
    fn consume(&mut self, bytes: &[u8], each: &mut impl FnMut(Event<'_>)) -> (usize, usize) {
        let (mut used, mut events) = (0, 0);
        while !self.over {
            let rest = bytes.get(used..).unwrap_or_default();
            let head = match frame::parse(rest, RECEIVE_MAX) {
                Ok(Some(head)) => head,
                Ok(None) => return (used, events),
                Err(frame::BadFrame) => {
                    each(Event::BadFrame);
                    self.over = true;
                    return (bytes.len(), events + 1);
                }
            };
            let Some(payload) = rest.get(head.len..head.len + head.payload_len) else {
                return (used, events);
            };
            used += head.len + head.payload_len;
            events += usize::from(self.handle(head, payload, each));
        }
        // Whatever follows a close frame has no meaning (§5.5.1).
        (bytes.len(), events)
    }

    /// Whether the frame was an event.
    fn handle(
        &mut self,
        head: frame::Head,
        payload: &[u8],
        each: &mut impl FnMut(Event<'_>),
    ) -> bool {
        match head.opcode {
            OpCode::Control(Control::Ping) => {
                self.pings += 1;
                if !self.close_sent {
                    let mask = self.mask.u32(..).to_ne_bytes();
                    frame::write(frame::PONG, payload.len(), mask, &mut self.out, |out| {
                        out.extend_from_slice(payload);
                    });
                }
                return false;
            }
            OpCode::Control(Control::Close) => {
                let code = frame::close_code(payload);
                // The answer repeats the code (§5.5.1).
                self.put_close(code.unwrap_or(1000));
                self.over = true;
                each(Event::Close(code));
            }
            OpCode::Control(_) => return false,
            OpCode::Data(kind) => return self.data(kind, head.is_final, payload, each),
        }
        true
    }

    fn data(
        &mut self,
        kind: Data,
        is_final: bool,
        payload: &[u8],
        each: &mut impl FnMut(Event<'_>),
    ) -> bool {
        let is_continuation = kind == Data::Continue;
        if is_continuation != self.fragments.is_some() {
            self.over = true;
            each(Event::BadFrame);
            return true;
        }
        let is_text = kind == Data::Text;
        if !is_continuation && is_final {
            each(if is_text {
                Event::Text
            } else {
                Event::Binary(payload)
            });
            return true;
        }
        let (is_text, mut whole) = self.fragments.take().unwrap_or((is_text, Vec::new()));
        if whole.len() + payload.len() > RECEIVE_MAX {
            self.over = true;
            each(Event::BadFrame);
            return true;
        }
        whole.extend_from_slice(payload);
        if !is_final {
            self.fragments = Some((is_text, whole));
            return false;
        }
        each(if is_text {
            Event::Text
        } else {
            Event::Binary(&whole)
        });
        true
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
