//! What one read at an end of a tunnel says of the service.

use crate::client::socket::Event;
use crate::fault::Fault;
use crate::ledger::{Arrival, Ledger};
use crate::measure::latency::Phase;
use crate::number::whole_len;
use crate::run::worker::Worker;

/// A close frame, with the code in it if there was one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CloseFrame(pub(super) Option<u16>);

/// Judges the events of one read.
pub(super) struct Judge<'a> {
    worker: &'a Worker,
    ledger: &'a mut Ledger,
    /// Read once, because all events of a read are there at the same moment.
    now: u64,
    pub(super) faults: u64,
    pub(super) closed: Option<CloseFrame>,
    pub(super) over: bool,
}

impl<'a> Judge<'a> {
    pub(super) fn new(worker: &'a Worker, ledger: &'a mut Ledger) -> Self {
        Self {
            worker,
            ledger,
            now: 0,
            faults: 0,
            closed: None,
            over: false,
        }
    }

    pub(super) fn take(&mut self, event: &Event<'_>) {
        match *event {
            Event::Binary(message) => {
                let arrival = self.ledger.take(message);
                self.judge(arrival, message.len());
            }
            Event::Text => {
                let arrival = self.ledger.take_text();
                self.judge(arrival, 0);
            }
            // By its own moment: many may come while one message is awaited.
            Event::Ping => {
                if self.worker.is_measured(self.worker.clock.now()) {
                    self.worker.shard.lock().pings += 1;
                }
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
