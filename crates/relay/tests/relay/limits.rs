//! Every limit and quota by its key, in a test of its name: what is served at it, what becomes of one
//! past it, and which metric says so. Those that need a listener are proven with the program.

mod amounts;
mod quotas;
mod times;

use std::net::IpAddr;

use hawser_relay::Relay;
use hawser_relay::config::{Key, Settings};
use prometheus::{Registry, TextEncoder};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

use crate::client::{Peer, Received, upgrade};

/// See `program::keys`.
const OF_A_LISTENER: [&str; 3] = ["handshake-time", "connections", "accepts-per-second"];

#[test]
fn every_limit_and_quota_has_its_test() {
    let tests = [
        include_str!("limits/amounts.rs"),
        include_str!("limits/quotas.rs"),
        include_str!("limits/times.rs"),
    ]
    .concat();
    for key in Key::all() {
        let name = key.name();
        let is_limit = ["Limits", "Quotas"]
            .iter()
            .any(|heading| key.heading().starts_with(heading));
        if is_limit && !OF_A_LISTENER.contains(&name.as_str()) {
            let test = format!("\nasync fn {}() {{", name.replace('-', "_"));
            assert!(tests.contains(&test), "nothing proves that {name} acts");
        }
    }
}

/// A relay that was told another value, and its metrics.
struct Told {
    relay: Relay,
    registry: Registry,
}

fn told(key: &str, text: &str) -> Told {
    let mut settings = Settings::default();
    Key::named(key).unwrap().set(&mut settings, text).unwrap();
    let relay = Relay::new(settings.config()).unwrap();
    let registry = Registry::new();
    relay.register_metrics(&registry).unwrap();
    Told { relay, registry }
}

impl Told {
    fn metric(&self, series: &str) -> u64 {
        let text = TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .unwrap();
        text.lines()
            .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))
            .unwrap_or_else(|| panic!("no series {series} in {text}"))
            .parse()
            .unwrap()
    }

    /// How often a request was refused for this reason.
    fn refused(&self, reason: &str) -> u64 {
        let name = "hawser_relay_requests_refused_total";
        self.metric(&format!("{name}{{reason=\"{reason}\"}}"))
    }

    /// How many tunnels ended in this state for this reason.
    fn closed(&self, state: &str, reason: &str) -> u64 {
        let name = "hawser_relay_tunnels_closed_total";
        self.metric(&format!("{name}{{reason=\"{reason}\",state=\"{state}\"}}"))
    }

    /// How often a limit was hit that has neither.
    fn hit(&self, limit: &str) -> u64 {
        let name = "hawser_relay_limits_hit_total";
        self.metric(&format!("{name}{{limit=\"{limit}\"}}"))
    }

    /// A connection of a client with an address.
    fn reach(&self) -> DuplexStream {
        let (ours, theirs) = duplex(4096);
        let relay = self.relay.clone();
        let peer: IpAddr = "192.0.2.7".parse().unwrap();
        tokio::spawn(async move { relay.serve_io(theirs, Some(peer)).await });
        ours
    }

    /// The status that a client with an address gets for opening a tunnel, which lasts as long as the
    /// connection.
    async fn open(&self, tunnel: u16) -> (u16, DuplexStream) {
        let mut stream = self.reach();
        let request = upgrade(&format!("/cable/new/{tunnel:032X}"));
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        let status = std::str::from_utf8(&answer[9..]).unwrap();
        (status.parse().unwrap(), stream)
    }
}

/// The code of the next close frame. Whatever comes before is not looked at.
async fn close_code(peer: &mut Peer) -> Option<u16> {
    loop {
        match peer.receive().await {
            Received::Close { code } => return code,
            Received::End => panic!("no close frame"),
            Received::Frame { .. } => {}
        }
    }
}
