//! Instances that know each other. They listen for each other on one port of different loopback
//! addresses, as pods do.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::SystemTime;

use hawser_relay::config::Config;
use hawser_relay::peer::{Generation, Identity, Keys, PeerConfig, PeerLimits, Slot};
use hawser_relay::{DrainReport, Relay, bind};
use prometheus::{Registry, TextEncoder};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::client::PATIENCE;

pub(crate) const KEY: &str = "000102030405060708090a0b0c0d0e0f";

/// The addresses that instances have for each other.
pub(crate) struct Ground {
    port: u16,
    listeners: Vec<Option<TcpListener>>,
}

pub(crate) struct Cluster {
    pub(crate) ground: Ground,
    pub(crate) instances: Vec<Instance>,
}

pub(crate) struct Instance {
    pub(crate) relay: Relay,
    pub(crate) clients: SocketAddr,
    pub(crate) routing: String,
    pub(crate) registry: Registry,
    stop: Option<oneshot::Sender<()>>,
    work: JoinHandle<DrainReport>,
    peers: Option<JoinHandle<()>>,
}

fn place(slot: u16) -> IpAddr {
    let slot = u8::try_from(slot).unwrap();
    Ipv4Addr::new(127, 0, 1, slot).into()
}

impl Ground {
    /// A port that is free on so many addresses.
    pub(crate) fn find(places: u16) -> Self {
        for _ in 0..100 {
            let first = bind(SocketAddr::new(place(0), 0)).unwrap();
            let port = first.local_addr().unwrap().port();
            let others = (1..places).map(|slot| bind(SocketAddr::new(place(slot), port)));
            if let Ok(others) = others.collect::<Result<Vec<_>, _>>() {
                let listeners = std::iter::once(first).chain(others).map(Some).collect();
                return Self { port, listeners };
            }
        }
        panic!("no port is free on {places} addresses");
    }

    pub(crate) fn address(&self, slot: u16) -> SocketAddr {
        SocketAddr::new(place(slot), self.port)
    }

    /// The listener of a slot. Dropping it makes the slot refuse connections.
    pub(crate) fn take(&mut self, slot: u16) -> TcpListener {
        self.listeners[usize::from(slot)].take().unwrap()
    }

    /// Listens there again.
    pub(crate) fn restore(&mut self, slot: u16) {
        let listener = bind(self.address(slot)).unwrap();
        self.listeners[usize::from(slot)] = Some(listener);
    }
}

pub(crate) fn keys() -> Keys {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "{KEY}").unwrap();
    Keys::from_file(file.path()).unwrap()
}

impl Instance {
    /// Starts the instance in a slot that takes its place on the ground.
    pub(crate) fn start(
        ground: &mut Ground,
        slot: u16,
        count: u16,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let identity = Identity {
            slot: Slot::new(slot).unwrap(),
            generation: Generation::at(SystemTime::now()),
        };
        let mut config = Config {
            routing_id: identity.routing_id(),
            peers: Some(PeerConfig {
                template: format!("127.0.1.{{slot}}:{}", ground.port).parse().unwrap(),
                count,
                keys: keys(),
                // Longer than the defaults: a busy machine is no instance that is down.
                limits: PeerLimits {
                    connect_time: PATIENCE / 2,
                    answer_time: PATIENCE / 2,
                    ..PeerLimits::default()
                },
            }),
            ..Config::default()
        };
        config.lift_quotas();
        change(&mut config);
        let routing = config.routing_id.to_hex();
        let relay = Relay::new(config).unwrap();
        let registry = Registry::new();
        relay.register_metrics(&registry).unwrap();
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let clients = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async {
            let _ = stopped.await;
        };
        let work = tokio::spawn(relay.clone().serve(listener, shutdown));
        let inner = ground.take(slot);
        let peers = tokio::spawn({
            let relay = relay.clone();
            async move {
                relay.serve_peers(inner).await;
            }
        });
        Self {
            relay,
            clients,
            routing,
            registry,
            stop: Some(stop),
            work,
            peers: Some(peers),
        }
    }

    /// Begins a drain.
    pub(crate) fn stop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
    }

    pub(crate) async fn stopped(self) -> DrainReport {
        self.work.await.unwrap()
    }

    /// Stops listening for other instances.
    pub(crate) async fn leave(&mut self) {
        let peers = self.peers.take().unwrap();
        peers.abort();
        let _ = peers.await;
    }

    /// The value of a metric, written as in `/metrics`: `name{label="value"}`.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let text = TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .unwrap();
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
            .unwrap_or_else(|| panic!("no metric {name} in\n{text}"))
            .parse()
            .unwrap()
    }

    pub(crate) fn hops(&self, result: &str) -> u64 {
        self.metric(&format!(
            "hawser_relay_peer_hops_total{{result=\"{result}\"}}"
        ))
    }

    /// How often a request was refused for this reason.
    pub(crate) fn refused(&self, reason: &str) -> u64 {
        self.metric(&format!(
            "hawser_relay_requests_refused_total{{reason=\"{reason}\"}}"
        ))
    }
}

impl Cluster {
    pub(crate) fn start(count: u16) -> Self {
        let mut ground = Ground::find(count);
        let instances = (0..count).map(|slot| Instance::start(&mut ground, slot, count, |_| {}));
        Self {
            instances: instances.collect(),
            ground,
        }
    }
}
