//! What is counted about hops.

use prometheus::core::Collector;
use prometheus::{Histogram, HistogramOpts, IntCounterVec, IntGauge, Opts};

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
}

impl Outcome {
    const ALL: [Self; 7] = [
        Self::Joined,
        Self::NoTunnel,
        Self::Refused,
        Self::Down,
        Self::Silent,
        Self::HeldDown,
        Self::HeldBusy,
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
        }
    }
}

/// The counters of hops.
#[derive(Debug, Clone)]
pub(crate) struct PeerMetrics {
    /// Hops that are under way.
    pub(crate) open: IntGauge,
    /// Instances that could not be reached lately.
    pub(super) down: IntGauge,
    pub(super) answer_seconds: Histogram,
    pub(super) bytes: IntCounterVec,
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
        Ok(Self {
            open: IntGauge::new(
                "hawser_relay_peer_hops",
                "Clients whose tunnel is at another instance.",
            )?,
            down: IntGauge::new(
                "hawser_relay_peers_down",
                "Other instances that could not be reached at the last try.",
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
            Box::new(self.down.clone()),
            Box::new(self.answer_seconds.clone()),
            Box::new(self.bytes.clone()),
        ]
    }

    pub(super) fn count(&self, outcome: Outcome) {
        self.hops.with_label_values(&[outcome.label()]).inc();
    }
}
