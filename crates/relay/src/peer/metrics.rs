//! What is counted about hops.

use std::sync::Arc;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts};

use super::Peers;
use crate::metrics::Counted;

/// How asking another instance went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The laptop got its tunnel.
    Joined,
    /// The owner knows no such tunnel.
    NoTunnel,
    /// The owner answered anything else.
    Refused,
    /// The owner could not be reached.
    Down,
    /// The owner was reached and gave no answer.
    Silent,
    /// It was not asked, because it was down a moment ago.
    HeldDown,
    /// It was not asked, because too many dials were under way.
    HeldBusy,
    /// It was not asked, because this instance has no room for the connection.
    NoRoom,
    /// Name servers know no such instance.
    NoAddress,
}

impl Outcome {
    const ALL: [Self; 9] = [
        Self::Joined,
        Self::NoTunnel,
        Self::Refused,
        Self::Down,
        Self::Silent,
        Self::HeldDown,
        Self::HeldBusy,
        Self::NoRoom,
        Self::NoAddress,
    ];

    const fn label(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::NoTunnel => "no_tunnel",
            Self::Refused => "refused",
            Self::Down => "down",
            Self::Silent => "silent",
            Self::HeldDown => "held_down",
            Self::HeldBusy => "held_busy",
            Self::NoRoom => "no_room",
            Self::NoAddress => "no_address",
        }
    }
}

/// The counters of hops.
#[derive(Debug, Clone)]
pub(crate) struct PeerMetrics {
    /// Clients whose tunnel is at another instance.
    pub(crate) open: IntGauge,
    /// Those of them whose tunnel has ended, since the start. Not shown.
    ended: IntCounter,
    /// Those, and clients for whom another instance is just being asked. Not shown: a drain waits for them.
    pub(crate) begun: IntGauge,
    /// Connections of other instances.
    pub(crate) connections: IntGauge,
    down: IntGauge,
    pub(super) answer_seconds: Histogram,
    pub(super) bytes: IntCounterVec,
    key_reloads: IntCounterVec,
    /// Whether the file holds the keys that count.
    keys_are_current: IntGauge,
    hops: IntCounterVec,
}

impl PeerMetrics {
    pub(crate) fn new() -> Result<Self, prometheus::Error> {
        let hops = IntCounterVec::new(
            Opts::new(
                "hawser_relay_peer_hops_total",
                "Requests for tunnels of other instances, by how passing them on went.",
            ),
            &["result"],
        )?;
        for outcome in Outcome::ALL {
            hops.with_label_values(&[outcome.label()]);
        }
        let bytes = IntCounterVec::new(
            Opts::new(
                "hawser_relay_peer_bytes_total",
                "Bytes copied between clients and other instances, by direction.",
            ),
            &["direction"],
        )?;
        for direction in ["to_peer", "to_client"] {
            bytes.with_label_values(&[direction]);
        }
        let key_reloads = IntCounterVec::new(
            Opts::new(
                "hawser_relay_peer_key_reloads_total",
                "Times that the keys between instances were read again, by result: refused ones are kept out.",
            ),
            &["result"],
        )?;
        for result in ["done", "refused"] {
            key_reloads.with_label_values(&[result]);
        }
        let keys_are_current = IntGauge::new(
            "hawser_relay_peer_key_last_reload_successful",
            "1 unless the file holds keys between instances that were refused, so that older ones count.",
        )?;
        keys_are_current.set(1);
        Ok(Self {
            key_reloads,
            keys_are_current,
            open: IntGauge::new(
                "hawser_relay_peer_hops",
                "Clients whose tunnel is at another instance.",
            )?,
            ended: IntCounter::new("ended", "Hops that have ended.")?,
            begun: IntGauge::new("begun", "Hops that are open or asked for.")?,
            connections: IntGauge::new(
                "hawser_relay_peer_connections",
                "Connections of other instances.",
            )?,
            down: IntGauge::new(
                "hawser_relay_peers_down",
                "Other instances that could not be reached at the last try, within the last minute.",
            )?,
            answer_seconds: Histogram::with_opts(
                HistogramOpts::new(
                    "hawser_relay_peer_answer_seconds",
                    "Time from a request for another instance's tunnel to that one's answer.",
                )
                .buckets(vec![
                    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 3.0,
                ]),
            )?,
            bytes,
            hops,
        })
    }

    pub(crate) fn collectors(&self) -> Vec<Box<dyn Collector>> {
        vec![
            Box::new(self.hops.clone()),
            Box::new(self.open.clone()),
            Box::new(self.connections.clone()),
            Box::new(self.answer_seconds.clone()),
            Box::new(self.bytes.clone()),
            Box::new(self.key_reloads.clone()),
            Box::new(self.keys_are_current.clone()),
        ]
    }

    /// The gauge of instances that cannot be reached. There are none without others.
    pub(crate) fn down(&self, peers: Option<Arc<Peers>>) -> PeersDown {
        PeersDown {
            gauge: self.down.clone(),
            peers,
        }
    }

    /// To be held while a client's tunnel is at another instance.
    pub(super) fn hop(&self) -> Hop {
        Hop {
            _open: Counted::new(&self.open),
            ended: self.ended.clone(),
        }
    }

    /// Clients whose tunnel at another instance has ended, since the start.
    pub(crate) fn ended(&self) -> u64 {
        self.ended.get()
    }

    /// Clients that were passed on, since the start.
    pub(crate) fn joined(&self) -> u64 {
        self.hops
            .with_label_values(&[Outcome::Joined.label()])
            .get()
    }

    /// Counts that the keys were read again.
    pub(crate) fn keys_reloaded(&self) {
        self.keys_are_current.set(1);
        self.key_reloads.with_label_values(&["done"]).inc();
    }

    /// Counts that the file holds keys that cannot be used.
    pub(crate) fn keys_refused(&self) {
        self.keys_are_current.set(0);
        self.key_reloads.with_label_values(&["refused"]).inc();
    }

    pub(super) fn count(&self, outcome: Outcome) {
        self.hops.with_label_values(&[outcome.label()]).inc();
    }
}

/// A client whose tunnel is at another instance.
#[derive(Debug)]
pub(super) struct Hop {
    _open: Counted,
    ended: IntCounter,
}

impl Drop for Hop {
    fn drop(&mut self) {
        self.ended.inc();
    }
}

/// Counts instances that are down when it is asked: it would be out of date while no laptop comes.
#[derive(Debug)]
pub(crate) struct PeersDown {
    gauge: IntGauge,
    peers: Option<Arc<Peers>>,
}

impl Collector for PeersDown {
    fn desc(&self) -> Vec<&Desc> {
        self.gauge.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let down = self.peers.as_ref().map_or(0, |peers| peers.down());
        self.gauge.set(i64::try_from(down).unwrap_or(i64::MAX));
        self.gauge.collect()
    }
}
