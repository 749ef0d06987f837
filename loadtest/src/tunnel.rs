//! A tunnel seen from both its ends, which is what lets the harness judge the service.

mod end;
mod judge;

use std::sync::Arc;
use std::time::Duration;

use hawser_wire::{RoutingId, TunnelId};
use tokio::time::{Instant, timeout, timeout_at};
use tokio::try_join;

pub(crate) use self::end::{Half, Seen};
use crate::client::dial::Place;
use crate::fault::{Failure, Fault, Trouble};
use crate::measure::latency::Phase;
use crate::payload::{End, LABEL_LEN};
use crate::run::worker::{Worker, tunnel_id};

/// Time for a message that shows whether an earlier one is lost or only late.
const PROBE: Duration = Duration::from_secs(1);

/// The due time of a message that is no part of the load.
const NEVER: u64 = u64::MAX;

/// Both ends of a tunnel.
#[derive(Debug)]
pub(crate) struct Tunnel {
    worker: Arc<Worker>,
    pub(crate) phone: Half,
    pub(crate) laptop: Half,
}

/// When the steps of opening were done, in nanoseconds of the clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opened {
    pub(crate) phone: u64,
    pub(crate) laptop: u64,
}

impl Tunnel {
    /// Opens a tunnel and joins it.
    pub(crate) async fn open(worker: &Arc<Worker>) -> Result<(Self, Opened), Trouble> {
        let waiting = Waiting::open(worker).await?;
        let phone = worker.clock.now();
        let tunnel = waiting.join().await?;
        let laptop = worker.clock.now();
        Ok((tunnel, Opened { phone, laptop }))
    }

    /// Keeps both ends alive while nothing is to be sent; ends only when the tunnel does.
    pub(crate) async fn rest(&mut self) -> Trouble {
        loop {
            let received = tokio::select! {
                received = self.phone.receive() => received,
                received = self.laptop.receive() => received,
            };
            if let Err(trouble) = received {
                return trouble;
            }
        }
    }

    /// The end that sends, and the end that receives.
    pub(crate) fn from(&mut self, sender: End) -> (&mut Half, &mut Half) {
        match sender {
            End::Phone => (&mut self.phone, &mut self.laptop),
            End::Laptop => (&mut self.laptop, &mut self.phone),
        }
    }

    /// Forgets when the messages were due that have arrived.
    pub(crate) fn confirm(&mut self) {
        let (by_laptop, by_phone) = (self.laptop.seen(), self.phone.seen());
        self.phone.under_way(by_laptop);
        self.laptop.under_way(by_phone);
    }

    /// Whether the service broke its word in this tunnel.
    pub(crate) fn is_spoiled(&self) -> bool {
        self.phone.faults + self.laptop.faults > 0
    }

    /// Waits until the receiver has had everything that the sender sent.
    pub(crate) async fn deliver(&mut self, sender: End, deadline: Instant) -> Result<(), Trouble> {
        let (sender, receiver) = self.from(sender);
        match timeout_at(deadline, arrival(sender, receiver)).await {
            Ok(result) => result,
            Err(_) => Err(probe(sender, receiver).await),
        }
    }

    /// The same of both ends at once, so that neither direction waits for what the other has lost.
    pub(crate) async fn deliver_both(&mut self, deadline: Instant) -> Result<(), Trouble> {
        let arrive = async {
            while self.laptop.seen() < self.phone.sent() || self.phone.seen() < self.laptop.sent() {
                tokio::select! {
                    had = self.laptop.receive() => had?,
                    had = self.phone.receive() => had?,
                };
            }
            Ok(())
        };
        if let Ok(result) = timeout_at(deadline, arrive).await {
            return result;
        }
        let phone = self.deliver(End::Phone, deadline).await;
        let laptop = self.deliver(End::Laptop, deadline).await;
        match (phone, laptop) {
            // That a message is late must not hide that another is lost.
            (Err(Trouble::Failure(..)), Err(fault @ Trouble::Fault(_))) => Err(fault),
            (phone, laptop) => phone.and(laptop),
        }
    }

    /// Says goodbye from one end and sees both ends closed as they should be.
    pub(crate) async fn close(mut self, from: End) -> Result<(), Trouble> {
        let limit = self.worker.bounds.close_timeout;
        let codes = Arc::clone(&self.worker.bounds.close_codes);
        let (closer, other) = self.from(from);
        let both = async {
            let closing = async {
                closer.goodbye().await;
                closer.finish(&codes).await
            };
            tokio::join!(closing, other.finish(&codes))
        };
        let Ok((first, second)) = timeout(limit, both).await else {
            return Err(Failure::Unended.into());
        };
        // Only now is it certain that what has not come will not come.
        closer.settle();
        other.settle();
        first.and(second)?;
        self.worker.dialer.release(self.phone.socket());
        self.worker.dialer.release(self.laptop.socket());
        Ok(())
    }
}

/// A tunnel whose laptop has not come.
#[derive(Debug)]
pub(crate) struct Waiting {
    worker: Arc<Worker>,
    phone: Half,
    number: u64,
    id: TunnelId,
    routing: RoutingId,
    place: Place,
}

impl Waiting {
    /// Opens a tunnel, as a phone does.
    pub(crate) async fn open(worker: &Arc<Worker>) -> Result<Self, Trouble> {
        let id = tunnel_id();
        let (socket, routing, place) = worker.dialer.open(id).await?;
        let number = worker.next_tunnel();
        Ok(Self {
            worker: Arc::clone(worker),
            phone: Half::new(Arc::clone(worker), number, End::Phone, socket),
            number,
            id,
            routing,
            place,
        })
    }

    /// Keeps the phone's end alive; ends only when the tunnel does.
    pub(crate) async fn rest(&mut self) -> Trouble {
        loop {
            if let Err(trouble) = self.phone.receive().await {
                return trouble;
            }
        }
    }

    /// The laptop comes.
    pub(crate) async fn join(self) -> Result<Tunnel, Trouble> {
        let Self { worker, phone, .. } = self;
        let socket = worker
            .dialer
            .join(self.routing, self.id, self.place)
            .await?;
        let laptop = Half::new(Arc::clone(&worker), self.number, End::Laptop, socket);
        Ok(Tunnel {
            worker,
            phone,
            laptop,
        })
    }
}

impl Drop for Tunnel {
    /// A message that has not arrived when its tunnel is over must not vanish: it failed, at the age
    /// that it has. Nothing is left of a tunnel that ended well, or whose operation is what counts.
    fn drop(&mut self) {
        let now = self.worker.clock.now();
        let seen = (self.laptop.seen(), self.phone.seen());
        let left = self.phone.under_way(seen.0).drain(..);
        let left = left.chain(self.laptop.under_way(seen.1).drain(..));
        for due in left {
            if self.worker.is_measured(due) {
                let mut tally = self.worker.shard.lock();
                tally.live.failed += 1;
                tally.failed += 1;
                tally.failure(Failure::Undelivered, 0);
                tally.record_headline(Phase::Message, now.saturating_sub(due));
            }
        }
    }
}

/// Sends the rest of what was put, and waits until all of it has had its turn at the other end.
async fn arrival(sender: &mut Half, receiver: &mut Half) -> Result<(), Trouble> {
    let sent = sender.sent();
    let arrive = async {
        while receiver.seen() < sent {
            receiver.receive().await?;
        }
        Ok(())
    };
    try_join!(sender.flush(), arrive).map(|_| ())
}

/// Tells a lost message from a late one: if one more gets through, the one before never will.
async fn probe(sender: &mut Half, receiver: &mut Half) -> Trouble {
    sender.put(LABEL_LEN, NEVER);
    match timeout(PROBE, arrival(sender, receiver)).await {
        Ok(Err(trouble)) => trouble,
        _ if receiver.lost() > 0 => {
            receiver.settle();
            Trouble::Spoiled
        }
        _ => Failure::Timeout.into(),
    }
}

impl From<Seen> for Trouble {
    fn from(seen: Seen) -> Self {
        match seen {
            Seen::Spoiled => Self::Spoiled,
            Seen::ClosedByService(code) => Self::Failure(Failure::ClosedByService, code),
            Seen::Early => Fault::EarlyClose.into(),
        }
    }
}
