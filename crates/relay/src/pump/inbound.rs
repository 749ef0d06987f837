//! What one peer sends: finds the frames in a read, checks them, and turns them into a server's
//! frames in place.
//!
//! Nothing is reassembled. A frame's payload goes out as it comes in; only a torn head or control
//! frame (139 bytes at most) is kept until the next read. What goes out is moved to the front of the
//! buffer while it is unmasked, which costs no second pass and makes one plain write of it.

use hawser_wire::CloseReason;

use super::frame::{Head, Kind, as_u64, close_code, control_frame, parse_head, sent_head};
use super::mask::{move_unmasked, unmask};

/// What one direction of a tunnel may carry. `None` is no limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    /// Payload bytes of one message, over all its fragments.
    pub(crate) message_bytes: u32,
    pub(crate) messages: Option<u32>,
    pub(crate) bytes: Option<u64>,
    /// Pings, unasked pongs and empty fragments.
    pub(crate) control_frames: u32,
}

/// What a scan found besides data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    Data,
    /// The peer's close frame; nothing behind it counts.
    Close(Option<u16>),
    /// The peer broke a rule; nothing from there on was taken.
    Fault(CloseReason),
}

#[derive(Debug, Default)]
pub(super) struct Inbound {
    /// A torn head or control frame, for the next read to continue. Rarely anything.
    pub(super) carry: Box<[u8]>,
    /// Payload bytes that the current data frame still has to bring.
    left: u32,
    /// The mask, turned so that it fits the next payload byte.
    mask: [u8; 4],
    in_message: bool,
    message_bytes: u32,
    pub(super) messages: u32,
    pub(super) bytes: u64,
    control_frames: u32,
    /// Pings of ours that the peer may answer without it counting.
    pub(super) pongs_due: u16,
    /// The answer to the peer's latest ping: only that one must be answered (RFC 6455 §5.5.3).
    pub(super) pong: Option<Box<[u8]>>,
}

impl Inbound {
    /// `carry` is what the first scan starts with.
    pub(super) fn with_carry(carry: Vec<u8>) -> Self {
        Self {
            carry: carry.into_boxed_slice(),
            ..Self::default()
        }
    }

    /// Whether the last scan ended inside a data frame, where no other frame may be put.
    pub(super) fn in_frame(&self) -> bool {
        self.left > 0
    }

    /// Takes everything in `read`, which starts with what [`Self::carry`] held. Returns how many bytes
    /// at its front are to go out: the data frames, as a server sends them.
    pub(super) fn scan(&mut self, read: &mut [u8], budget: &Budget) -> (Heard, usize) {
        let mut out = 0;
        let heard = self.scan_frames(read, budget, &mut out);
        (heard.unwrap_or_else(Heard::Fault), out)
    }

    fn scan_frames(
        &mut self,
        read: &mut [u8],
        budget: &Budget,
        out: &mut usize,
    ) -> Result<Heard, CloseReason> {
        let mut at = self.take_payload(read, 0, out);
        while at < read.len() {
            let rest = read.get(at..).unwrap_or_default();
            let whole = parse_head(rest)?.filter(|head| {
                let frame_len = as_u64(head.len).saturating_add(head.payload_len);
                !head.kind.is_control() || frame_len <= as_u64(rest.len())
            });
            let Some(head) = whole else {
                self.carry = rest.into();
                break;
            };
            let payload_at = at + head.len;
            if head.kind.is_control() {
                let len = usize::try_from(head.payload_len).unwrap_or(usize::MAX);
                let payload = read
                    .get_mut(payload_at..payload_at + len)
                    .unwrap_or_default();
                unmask(payload, head.mask);
                match self.control(head.kind, payload, budget)? {
                    Heard::Data => {}
                    end => return Ok(end),
                }
                at = payload_at + len;
            } else {
                self.admit(head, budget)?;
                // Our head is four bytes shorter than the peer's, so it ends before the payload begins.
                let (sent, sent_len) = sent_head(head.kind, head.is_final, head.payload_len);
                for (to, from) in read.iter_mut().skip(*out).zip(sent.iter().take(sent_len)) {
                    *to = *from;
                }
                *out += sent_len;
                at = self.take_payload(read, payload_at, out);
            }
        }
        Ok(Heard::Data)
    }

    /// Hands on the part of the current payload that lies in `read` from `at` on. Returns the offset
    /// behind it.
    fn take_payload(&mut self, read: &mut [u8], at: usize, out: &mut usize) -> usize {
        let here = read.len() - at;
        let len = usize::try_from(self.left).map_or(here, |left| left.min(here));
        move_unmasked(read, at..at + len, *out, self.mask);
        self.mask.rotate_left(len % 4);
        self.left -= u32::try_from(len).unwrap_or(self.left);
        *out += len;
        at + len
    }

    /// Checks a data frame against the state of its message and the budget, and begins its payload.
    fn admit(&mut self, head: Head, budget: &Budget) -> Result<(), CloseReason> {
        match (head.kind, self.in_message) {
            (Kind::Continuation, true) => {}
            (Kind::Binary, false) => {
                self.messages = self.messages.saturating_add(1);
                self.message_bytes = 0;
                if budget.messages.is_some_and(|most| self.messages > most) {
                    return Err(CloseReason::TooManyMessages);
                }
            }
            _ => return Err(CloseReason::WebSocketViolation),
        }
        if !head.is_final && head.payload_len == 0 {
            self.count_control(budget)?;
        }
        let payload_len = u32::try_from(head.payload_len).unwrap_or(u32::MAX);
        self.message_bytes = self.message_bytes.saturating_add(payload_len);
        if self.message_bytes > budget.message_bytes {
            return Err(CloseReason::MessageTooBig);
        }
        self.bytes = self.bytes.saturating_add(head.payload_len);
        if budget.bytes.is_some_and(|most| self.bytes > most) {
            return Err(CloseReason::TooManyBytes);
        }
        self.in_message = !head.is_final;
        self.left = payload_len;
        self.mask = head.mask;
        Ok(())
    }

    /// Acts on a whole control frame.
    fn control(
        &mut self,
        kind: Kind,
        payload: &[u8],
        budget: &Budget,
    ) -> Result<Heard, CloseReason> {
        match kind {
            Kind::Close => return close_code(payload).map(Heard::Close),
            Kind::Pong if self.pongs_due > 0 => self.pongs_due -= 1,
            Kind::Ping => {
                self.count_control(budget)?;
                self.pong = Some(control_frame(Kind::Pong, payload).into_boxed_slice());
            }
            _ => self.count_control(budget)?,
        }
        Ok(Heard::Data)
    }

    fn count_control(&mut self, budget: &Budget) -> Result<(), CloseReason> {
        self.control_frames = self.control_frames.saturating_add(1);
        if self.control_frames > budget.control_frames {
            return Err(CloseReason::TooManyControlFrames);
        }
        Ok(())
    }
}
