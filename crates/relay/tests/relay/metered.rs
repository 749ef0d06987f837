//! A relay, and what it counts.

use std::collections::BTreeMap;

use hawser_relay::Relay;
use prometheus::{Registry, TextEncoder};

pub(crate) struct Metered {
    pub(crate) relay: Relay,
    registry: Registry,
}

impl Metered {
    pub(crate) fn new(relay: Relay) -> Self {
        let registry = Registry::new();
        relay.register_metrics(&registry).unwrap();
        Self { relay, registry }
    }

    pub(crate) fn metric(&self, series: &str) -> u64 {
        let text = self.text();
        text.lines()
            .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))
            .unwrap_or_else(|| panic!("no series {series} in {text}"))
            .parse()
            .unwrap()
    }

    /// How often a request was refused for this reason.
    pub(crate) fn refused(&self, reason: &str) -> u64 {
        let name = "hawser_relay_requests_refused_total";
        self.metric(&format!("{name}{{reason=\"{reason}\"}}"))
    }

    /// How many tunnels ended in this state for this reason.
    pub(crate) fn closed(&self, state: &str, reason: &str) -> u64 {
        let name = "hawser_relay_tunnels_closed_total";
        self.metric(&format!("{name}{{reason=\"{reason}\",state=\"{state}\"}}"))
    }

    /// How often a limit was hit that has neither.
    pub(crate) fn hit(&self, limit: &str) -> u64 {
        let name = "hawser_relay_limits_hit_total";
        self.metric(&format!("{name}{{limit=\"{limit}\"}}"))
    }

    /// The labels of a counter's series that are not zero, as they are written, and their counts.
    pub(crate) fn counts(&self, counter: &str) -> BTreeMap<String, u64> {
        let text = self.text();
        let series = text.lines().filter_map(|line| {
            let (labels, count) = line.strip_prefix(counter)?.rsplit_once(' ')?;
            Some((labels.to_owned(), count.parse().ok()?))
        });
        series.filter(|(_, count)| *count > 0).collect()
    }

    fn text(&self) -> String {
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .unwrap()
    }
}
