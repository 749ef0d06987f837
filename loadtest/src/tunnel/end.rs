//! One end of a tunnel: sends labelled messages, judges what arrives.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::client::socket::{Event, Socket};
use crate::fault::{Fault, Trouble};
use crate::ledger::{Arrival, Ledger};
use crate::measure::latency::Phase;
use crate::number::whole_len;
use crate::payload::{End, Label};
use crate::run::worker::Worker;

/// Why an end is over before its goodbye.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// A fault that is counted already.
    Spoiled,
    /// The service closed it and gave a code that is a reason.
    ClosedByService(u16),
    /// It just ended.
    Early,
}

/// One end.
#[derive(Debug)]
pub(crate) struct Half {
    worker: Arc<Worker>,
    tunnel: u64,
    end: End,
    socket: Socket,
    sent: u32,
    /// When the messages that were sent last were due, where each message counts by itself. The
    /// tunnel takes away those that have arrived.
    under_way: VecDeque<u64>,
    ledger: Ledger,
    /// Faults seen at this end.
    pub(crate) faults: u64,
    /// The close frame that came, if one came.
    closed: Option<CloseFrame>,
    over: bool,
}

/// A close frame, with the code in it if there was one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct CloseFrame(Option<u16>);

/// Time to read what came before a connection broke.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// The code that means nothing went wrong; the others say what did.
const NORMAL: u16 = 1000;

impl Half {
    pub(crate) fn new(worker: Arc<Worker>, tunnel: u64, end: End, socket: Socket) -> Self {
        let sender = match end {
            End::Phone => End::Laptop,
            End::Laptop => End::Phone,
        };
        Self {
            worker,
            tunnel,
            end,
            socket,
            sent: 0,
            under_way: VecDeque::new(),
            ledger: Ledger::new(tunnel, sender),
            faults: 0,
            closed: None,
            over: false,
        }
    }

    pub(crate) fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Messages sent.
    pub(crate) fn sent(&self) -> u32 {
        self.sent
    }

    /// Messages of the other end that have had their turn.
    pub(crate) fn seen(&self) -> u32 {
        self.ledger.seen()
    }

    /// Messages of the other end that were overtaken and have not come.
    pub(crate) fn lost(&self) -> u64 {
        self.ledger.lost()
    }

    /// Puts the next message behind those to be sent.
    pub(crate) fn put(&mut self, size: usize, due: u64) {
        let label = Label {
            tunnel: self.tunnel,
            sender: self.end,
            sequence: self.sent,
            due,
        };
        self.sent = self.sent.wrapping_add(1);
        if self.worker.headline == Phase::Message {
            self.under_way.push_back(due);
        }
        let filling = &self.worker.filling;
        self.socket.put(size, |out| filling.write(label, size, out));
    }

    /// When the messages were due that have not had their turn at the other end, which has seen so
    /// many.
    pub(crate) fn under_way(&mut self, seen: u32) -> &mut VecDeque<u64> {
        let left = usize::try_from(self.sent.saturating_sub(seen)).unwrap_or(usize::MAX);
        let arrived = self.under_way.len().saturating_sub(left);
        self.under_way.drain(..arrived);
        &mut self.under_way
    }

    /// Whether something that was put still waits for the connection.
    pub(crate) fn has_unsent(&self) -> bool {
        self.socket.has_unsent()
    }

    /// Sends what was put, and waits until the connection has taken all of it.
    ///
    /// # Errors
    /// Why the tunnel is over. A service that closed it may have said so just before.
    pub(crate) async fn flush(&mut self) -> Result<(), Trouble> {
        if self.socket.flush().await.is_ok() {
            return Ok(());
        }
        self.last_words().await
    }

    /// Sends what the connection takes at once; the rest goes out while this end receives.
    ///
    /// # Errors
    /// As those of [`Self::flush`].
    pub(crate) async fn push(&mut self) -> Result<(), Trouble> {
        if self.socket.push().await.is_ok() {
            return Ok(());
        }
        self.last_words().await
    }

    /// What a broken connection brought before it broke.
    async fn last_words(&mut self) -> Result<(), Trouble> {
        let rest = async {
            while !self.over {
                self.read().await;
            }
        };
        // The connection is broken, so nothing more comes after what is there.
        let _ = timeout(LAST_WORDS, rest).await;
        Err(self.why_over())
    }

    /// Sends one message, as far as the connection takes it at once.
    pub(crate) async fn send(&mut self, size: usize) -> Result<(), Trouble> {
        let now = self.worker.clock.now();
        self.put(size, now);
        self.push().await
    }

    /// Waits for messages and judges them. Returns how many had their turn.
    ///
    /// # Errors
    /// When the tunnel ends, which nobody asked for.
    pub(crate) async fn receive(&mut self) -> Result<u32, Trouble> {
        let before = self.ledger.seen();
        self.read().await;
        if self.over {
            return Err(self.why_over());
        }
        Ok(self.ledger.seen().wrapping_sub(before))
    }

    fn why_over(&mut self) -> Trouble {
        match self.closed {
            Some(CloseFrame(Some(code))) if code != NORMAL => Seen::ClosedByService(code).into(),
            _ if self.faults > 0 => Seen::Spoiled.into(),
            _ => Seen::Early.into(),
        }
    }

    async fn read(&mut self) {
        let mut judge = Judge {
            worker: &self.worker,
            ledger: &mut self.ledger,
            now: 0,
            faults: 0,
            closed: None,
            over: false,
        };
        let pings = self.socket.pings;
        self.socket.receive(|event| judge.take(&event)).await;
        self.faults += judge.faults;
        self.over |= judge.over;
        self.closed = self.closed.or(judge.closed);
        if self.socket.pings > pings {
            self.worker.shard.lock().pings += self.socket.pings - pings;
        }
    }

    /// Sends a close frame behind everything else.
    pub(crate) async fn goodbye(&mut self, code: u16) {
        self.socket.put_close(code);
        // A connection that is broken already shows when it is read.
        let _ = self.socket.flush().await;
    }

    /// Reads until the service has closed, and judges how it did.
    pub(crate) async fn finish(&mut self, codes: &[Option<u16>]) -> Result<(), Trouble> {
        while !self.over {
            self.read().await;
        }
        let Some(CloseFrame(code)) = self.closed else {
            if self.faults > 0 {
                return Err(Trouble::Spoiled);
            }
            return if codes.contains(&None) {
                Ok(())
            } else {
                Err(Fault::NoClose.into())
            };
        };
        if !codes.contains(&code) || code.is_none() {
            return Err(Fault::CloseCode.into());
        }
        self.socket.ended().await;
        Ok(())
    }

    /// Counts what has not come as lost. Only when it is certain that it will not.
    pub(crate) fn settle(&mut self) {
        let lost = self.ledger.lost();
        if lost > 0 {
            self.faults += lost;
            self.worker.shard.lock().faults_of(Fault::Lost, lost);
        }
    }
}

/// Judges the events of one read.
struct Judge<'a> {
    worker: &'a Worker,
    ledger: &'a mut Ledger,
    /// Read once, because all events of a read are there at the same moment.
    now: u64,
    faults: u64,
    closed: Option<CloseFrame>,
    over: bool,
}

impl Judge<'_> {
    fn take(&mut self, event: &Event<'_>) {
        match *event {
            Event::Binary(message) => {
                let arrival = self.ledger.take(message);
                self.judge(arrival, message.len());
            }
            Event::Text => {
                let arrival = self.ledger.take_text();
                self.judge(arrival, 0);
            }
            Event::Close(code) => {
                self.closed = Some(CloseFrame(code));
                self.over = true;
            }
            Event::BadFrame => {
                self.over = true;
                self.fault(Fault::BadFrame);
            }
            Event::End | Event::Broken => self.over = true,
        }
    }

    fn judge(&mut self, arrival: Arrival, len: usize) {
        match arrival {
            Arrival::Good(label) | Arrival::AfterGap(label) => {
                if self.now == 0 {
                    self.now = self.worker.clock.now();
                }
                let mut tally = self.worker.shard.lock();
                tally.live.messages += 1;
                if !self.worker.is_measured(label.due) {
                    return;
                }
                let took = self.now.saturating_sub(label.due);
                tally.messages += 1;
                tally.bytes += whole_len(len);
                if self.worker.headline == Phase::Message {
                    tally.record_headline(Phase::Message, took);
                    tally.last_done = tally.last_done.max(self.now);
                } else {
                    tally.record(Phase::Message, took);
                }
                tally.stalls += u64::from(took > self.worker.bounds.stall);
            }
            Arrival::Bad(fault) => self.fault(fault),
        }
    }

    fn fault(&mut self, fault: Fault) {
        self.faults += 1;
        self.worker.shard.lock().fault(fault);
    }
}
