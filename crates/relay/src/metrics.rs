//! What a relay counts. Names and labels come from closed sets and never hold an id or an address.

mod certificate;
mod counted;
mod drain;
mod limit;
mod stats;

use std::time::SystemTime;

use hawser_wire::CloseReason;
use prometheus::core::Collector;
use prometheus::process_collector::ProcessCollector;
use prometheus::{
    Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
};

use crate::address::Told;
use crate::peer::PeerMetrics;
use crate::refusal::Refusal;
use crate::tls::HandshakeFailure;

pub use self::certificate::CertificateMetrics;
pub(crate) use self::counted::Counted;
use self::drain::DrainMetrics;
pub(crate) use self::drain::Moment;
pub(crate) use self::limit::Limit;
pub use self::stats::Stats;

/// The counters of one relay.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    pub(crate) connections: IntGauge,
    pub(crate) waiting: IntGauge,
    pub(crate) paired: IntGauge,
    pub(crate) opened: IntCounter,
    pub(crate) joined: IntCounter,
    pub(crate) to_laptop: Traffic,
    pub(crate) to_phone: Traffic,
    pub(crate) wait_seconds: Histogram,
    pub(crate) session_seconds: Histogram,
    pub(crate) accept_errors: IntCounter,
    pub(crate) panics: IntCounter,
    pub(crate) drain: DrainMetrics,
    pub(crate) peers: PeerMetrics,
    handshakes: IntCounterVec,
    addresses: IntCounterVec,
    limits: IntGaugeVec,
    limits_hit: IntCounterVec,
    tunnels: IntGaugeVec,
    closed: IntCounterVec,
    refused: IntCounterVec,
    messages: IntCounterVec,
    bytes: IntCounterVec,
}

/// Messages and payload bytes in one direction.
#[derive(Debug, Clone)]
pub(crate) struct Traffic {
    pub(crate) messages: IntCounter,
    pub(crate) bytes: IntCounter,
}

impl Metrics {
    /// # Errors
    /// Only when a name or label is malformed, which a test excludes.
    pub(crate) fn new() -> Result<Self, prometheus::Error> {
        let tunnels = gauges(
            "hawser_relay_tunnels",
            "Tunnels that exist, by state.",
            "state",
        )?;
        let messages = counters(
            "hawser_relay_messages_total",
            "Messages taken for forwarding, by direction.",
            &["direction"],
        )?;
        let bytes = counters(
            "hawser_relay_bytes_total",
            "Payload bytes taken for forwarding, by direction.",
            &["direction"],
        )?;
        let closed = counters(
            "hawser_relay_tunnels_closed_total",
            "Tunnels that ended, by state and reason.",
            &["state", "reason"],
        )?;
        let refused = counters(
            "hawser_relay_requests_refused_total",
            "Requests turned down, by reason.",
            &["reason"],
        )?;
        let limits_hit = counters(
            "hawser_relay_limits_hit_total",
            "Times that a limit without an answer of its own took effect, by limit.",
            &["limit"],
        )?;
        let limits = gauges(
            "hawser_relay_limit",
            "What there may be at once, by limit; 0 for any number.",
            "limit",
        )?;
        let handshakes = counters(
            "hawser_relay_tls_handshakes_total",
            "TLS handshakes, by how they ended.",
            &["result"],
        )?;
        let addresses = counters(
            "hawser_relay_proxied_connections_total",
            "Connections of trusted proxies, by what they told about the client's address.",
            &["told"],
        )?;
        let traffic = |direction| Traffic {
            messages: messages.with_label_values(&[direction]),
            bytes: bytes.with_label_values(&[direction]),
        };
        let metrics = Self {
            connections: IntGauge::new("hawser_relay_connections", "Connections of any kind.")?,
            waiting: tunnels.with_label_values(&["waiting"]),
            paired: tunnels.with_label_values(&["paired"]),
            opened: IntCounter::new(
                "hawser_relay_tunnels_opened_total",
                "Tunnels that a phone opened.",
            )?,
            joined: IntCounter::new(
                "hawser_relay_tunnels_joined_total",
                "Tunnels that a laptop joined.",
            )?,
            to_laptop: traffic("to_laptop"),
            to_phone: traffic("to_phone"),
            wait_seconds: histogram(
                "hawser_relay_wait_seconds",
                "Time that a phone waited for its laptop.",
                &[0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0],
            )?,
            session_seconds: histogram(
                "hawser_relay_session_seconds",
                "Life of a tunnel from joining to its end.",
                &[0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 180.0, 600.0],
            )?,
            accept_errors: IntCounter::new(
                "hawser_relay_accept_errors_total",
                "Connections that could not be accepted.",
            )?,
            panics: IntCounter::new(
                "hawser_relay_panics_total",
                "Connections that ended by a fault of the relay.",
            )?,
            drain: DrainMetrics::new()?,
            peers: PeerMetrics::new()?,
            handshakes,
            addresses,
            limits,
            limits_hit,
            tunnels,
            closed,
            refused,
            messages,
            bytes,
        };
        metrics.show_every_label();
        Ok(metrics)
    }

    /// Makes every label appear from the start, so that a rate over a first event is right.
    fn show_every_label(&self) {
        for limit in Limit::ALL {
            self.limits_hit.with_label_values(&[limit.label()]);
        }
        for reason in CloseReason::ALL {
            for state in ["waiting", "paired"] {
                self.closed.with_label_values(&[state, reason.label()]);
            }
        }
        for refusal in Refusal::ALL {
            self.refused.with_label_values(&[refusal.label()]);
        }
        for label in Told::LABELS {
            self.addresses.with_label_values(&[label]);
        }
        self.handshakes.with_label_values(&["done"]);
        for failure in HandshakeFailure::ALL {
            self.handshakes.with_label_values(&[failure.label()]);
        }
    }

    pub(crate) fn register(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        for collector in self.collectors().into_iter().chain(self.peers.collectors()) {
            registry.register(collector)?;
        }
        Ok(())
    }

    fn collectors(&self) -> Vec<Box<dyn Collector>> {
        vec![
            Box::new(self.connections.clone()),
            Box::new(self.tunnels.clone()),
            Box::new(self.opened.clone()),
            Box::new(self.joined.clone()),
            Box::new(self.closed.clone()),
            Box::new(self.refused.clone()),
            Box::new(self.messages.clone()),
            Box::new(self.bytes.clone()),
            Box::new(self.wait_seconds.clone()),
            Box::new(self.session_seconds.clone()),
            Box::new(self.accept_errors.clone()),
            Box::new(self.panics.clone()),
            Box::new(self.drain.draining.clone()),
            Box::new(self.drain.deadline.clone()),
            Box::new(self.limits.clone()),
            Box::new(self.limits_hit.clone()),
            Box::new(self.handshakes.clone()),
            Box::new(self.addresses.clone()),
        ]
    }

    /// Shows the limits that a load is measured against.
    pub(crate) fn show_limits(&self, connections: Option<u64>, waiting_tunnels: u64) {
        for (limit, most) in [
            ("connections", connections.unwrap_or_default()),
            ("waiting_tunnels", waiting_tunnels),
        ] {
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            self.limits.with_label_values(&[limit]).set(most);
        }
    }

    pub(crate) fn count_closed(&self, state: &str, reason: CloseReason) {
        self.closed
            .with_label_values(&[state, reason.label()])
            .inc();
    }

    /// Tunnels that have ended, since the start.
    pub(crate) fn closed(&self) -> u64 {
        let ended = |state, reason: &CloseReason| {
            let labels = [state, reason.label()];
            self.closed.with_label_values(&labels).get()
        };
        let reasons = CloseReason::ALL.iter();
        reasons
            .map(|reason| ended("waiting", reason) + ended("paired", reason))
            .sum()
    }

    pub(crate) fn count_refused(&self, refusal: Refusal) {
        self.refused.with_label_values(&[refusal.label()]).inc();
    }

    /// Counts what a trusted proxy told about a client.
    pub(crate) fn count_told(&self, told: Told) {
        self.addresses.with_label_values(&[told.label()]).inc();
    }

    /// Counts a TLS handshake, with what it failed at.
    pub(crate) fn count_handshake(&self, failure: Option<HandshakeFailure>) {
        let result = failure.map_or("done", HandshakeFailure::label);
        self.handshakes.with_label_values(&[result]).inc();
    }

    pub(crate) fn count_limit(&self, limit: Limit) {
        self.limits_hit.with_label_values(&[limit.label()]).inc();
    }
}

/// Makes the process's own figures (CPU, memory, open files) part of a registry.
///
/// # Errors
/// When the registry has them already.
pub fn register_process_metrics(registry: &Registry) -> Result<(), prometheus::Error> {
    registry.register(Box::new(ProcessCollector::for_self()))
}

/// As timestamps stand in metrics.
fn seconds_since_1970(time: SystemTime) -> i64 {
    let seconds = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

fn gauges(name: &str, help: &str, label: &str) -> Result<IntGaugeVec, prometheus::Error> {
    IntGaugeVec::new(Opts::new(name, help), &[label])
}

fn histogram(name: &str, help: &str, buckets: &[f64]) -> Result<Histogram, prometheus::Error> {
    Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec()))
}

fn counters(name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, prometheus::Error> {
    IntCounterVec::new(Opts::new(name, help), labels)
}
