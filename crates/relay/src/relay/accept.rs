//! Taking connections from the kernel, no more and no faster than allowed.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, sleep_until};

use super::Relay;
use super::door::ACCEPT_PAUSE;
use crate::admission::Arrival;
use crate::config::AddressFrom;
use crate::listen::Listener;
use crate::metrics::Limit;
use crate::seat::Seat;
use crate::socket::Socket;
use crate::tls::Tls;

impl Relay {
    /// Accepts connections for ever. `loops` is how many do so at once.
    pub(super) async fn accept(&self, listener: &Listener, loops: usize) {
        self.shared.loops().push(Handle::current());
        let limits = &self.shared.config.limits;
        let mut pace = Pace::new(limits.accepts_per_second, loops);
        let mut door = self.door(&listener.tcp, "clients");
        loop {
            self.wait_for_room().await;
            if let Some(later) = pace.wait() {
                self.shared.metrics.count_limit(Limit::AcceptRate);
                sleep_until(later).await;
            }
            let (stream, peer) = door.next().await;
            // Another thread may have taken the last place meanwhile.
            let seat = self.next_seat().await;
            self.welcome(stream, peer.ip(), seat, listener);
        }
    }

    /// Waits while there are as many connections as there may be.
    async fn wait_for_room(&self) {
        while self.shared.is_full() {
            self.shared.metrics.count_limit(Limit::Connections);
            sleep(ACCEPT_PAUSE).await;
        }
    }

    /// A place for a connection, as soon as one is left.
    pub(super) async fn next_seat(&self) -> Seat {
        loop {
            match self.shared.take_seat() {
                Some(seat) => return seat,
                None => self.wait_for_room().await,
            }
        }
    }

    fn welcome(&self, stream: TcpStream, peer: IpAddr, mut seat: Seat, listener: &Listener) {
        let proxies = &self.shared.config.proxies;
        let proxy = (proxies.address_from != AddressFrom::Connection
            && proxies.trusted.contain(peer))
        .then_some(peer);
        if proxy.is_some() || self.assign(&mut seat, peer) {
            self.begin(stream, seat, proxy, listener.tls.as_ref());
        }
    }

    /// Starts the life of a connection.
    pub(super) fn begin(
        &self,
        stream: TcpStream,
        seat: Seat,
        proxy: Option<IpAddr>,
        tls: Option<&Tls>,
    ) {
        let arrival = Arrival {
            socket: Socket::Tcp(stream),
            seat,
            proxy,
            tls: tls.map(Tls::acceptor),
        };
        tokio::spawn(Arc::clone(&self.shared).connection(arrival));
    }

    /// Counts a connection against its client. False if that one has too many: then the connection
    /// is closed without a word, because even waiting for its request would be a place.
    pub(super) fn assign(&self, seat: &mut Seat, peer: IpAddr) -> bool {
        if let Ok(client) = self.shared.clients.connect(peer) {
            seat.assign(client);
            return true;
        }
        self.shared.metrics.count_limit(Limit::ClientConnections);
        false
    }
}

/// Spreads accepts so that there are no more than so many a second, with bursts of a tenth of that.
struct Pace {
    step: Option<Duration>,
    next: Instant,
}

impl Pace {
    fn new(per_second: Option<u32>, loops: usize) -> Self {
        let loops = u32::try_from(loops).unwrap_or(u32::MAX);
        let step = |rate: u32| Duration::from_secs(1).saturating_mul(loops) / rate.max(1);
        Self {
            step: per_second.map(step),
            next: Instant::now(),
        }
    }

    /// When the next accept is due, if it is not yet. Counts that accept.
    fn wait(&mut self) -> Option<Instant> {
        const BURST: Duration = Duration::from_millis(100);
        let step = self.step?;
        let now = Instant::now();
        let behind = now.checked_sub(BURST).unwrap_or(now);
        let due = self.next.max(behind);
        self.next = due + step;
        (due > now).then_some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn accepts_are_paced_at_the_limit_and_not_below() {
        let start = Instant::now();
        let mut pace = Pace::new(Some(100), 1);
        tokio::time::advance(Duration::from_secs(5)).await;
        let start = start + Duration::from_secs(5);
        for _ in 0..11 {
            assert_eq!(pace.wait(), None, "a burst of a tenth of a second");
        }
        assert_eq!(pace.wait(), Some(start + Duration::from_millis(10)));
        assert_eq!(Pace::new(None, 4).wait(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn several_loops_share_the_rate() {
        let mut pace = Pace::new(Some(100), 4);
        let start = Instant::now();
        assert_eq!(pace.wait(), None);
        for accept in 1..10 {
            let due = start + Duration::from_millis(40) * accept;
            assert_eq!(pace.wait(), Some(due), "a quarter of 100 a second");
        }
    }
}
