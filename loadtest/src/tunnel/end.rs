//! One end of a tunnel: sends labelled messages, judges what arrives.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::judge::{CloseFrame, Judge};
use crate::client::socket::Socket;
use crate::fault::{Failure, Fault, Trouble};
use crate::ledger::Ledger;
use crate::measure::latency::Phase;
use crate::payload::{End, Label};
use crate::run::worker::{Worker, tunnel_id};

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

/// Time to read what came before a connection broke.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// The code of a goodbye: nothing went wrong. The others say what did.
const GOODBYE: u16 = 1000;

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

    /// Opens a tunnel as a phone does, for a laptop that never comes.
    pub(crate) async fn alone(worker: &Arc<Worker>) -> Result<Self, Trouble> {
        let (socket, _, _) = worker.dialer.open(tunnel_id()).await?;
        let number = worker.next_tunnel();
        Ok(Self::new(Arc::clone(worker), number, End::Phone, socket))
    }

    /// Says goodbye and sees that the service closes this end as it should.
    pub(crate) async fn leave(mut self) -> Result<(), Trouble> {
        let limit = self.worker.bounds.close_timeout;
        let codes = Arc::clone(&self.worker.bounds.close_codes);
        let closing = async {
            self.goodbye().await;
            self.finish(&codes).await
        };
        let closed = timeout(limit, closing).await;
        closed.unwrap_or(Err(Failure::Unended.into()))?;
        self.worker.dialer.release(&self.socket);
        Ok(())
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
            Some(CloseFrame(Some(code))) if code != GOODBYE => Seen::ClosedByService(code).into(),
            _ if self.faults > 0 => Seen::Spoiled.into(),
            _ => Seen::Early.into(),
        }
    }

    async fn read(&mut self) {
        let mut judge = Judge::new(&self.worker, &mut self.ledger);
        self.socket.receive(|event| judge.take(&event)).await;
        self.faults += judge.faults;
        self.over |= judge.over;
        self.closed = self.closed.or(judge.closed);
    }

    /// Sends a close frame behind everything else.
    pub(super) async fn goodbye(&mut self) {
        self.socket.put_close(GOODBYE);
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
