//! The counts that the relay itself goes by, and that a program which embeds it may ask for.

use prometheus::IntGauge;

use super::Metrics;

/// A relay's counts at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Connections of any kind.
    pub connections: u64,
    /// Phones that wait for a laptop.
    pub waiting: u64,
    /// Tunnels with both ends.
    pub paired: u64,
    /// Clients whose tunnel is at another instance.
    pub hops: u64,
    /// Messages that were forwarded, since the start.
    pub messages: u64,
    /// Payload bytes that were forwarded, since the start.
    pub bytes: u64,
    /// Connections that ended by a fault of the relay, since the start.
    pub panics: u64,
}

impl Metrics {
    pub(crate) fn stats(&self) -> Stats {
        let gauge = |gauge: &IntGauge| u64::try_from(gauge.get()).unwrap_or_default();
        Stats {
            connections: gauge(&self.connections),
            waiting: gauge(&self.waiting),
            paired: gauge(&self.paired),
            hops: gauge(&self.peers.open),
            messages: self.to_laptop.messages.get() + self.to_phone.messages.get(),
            bytes: self.to_laptop.bytes.get() + self.to_phone.bytes.get(),
            panics: self.panics.get(),
        }
    }
}
