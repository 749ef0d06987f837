//! Every limit and quota by its key, in a test of its name: what is served at it, what becomes of one
//! past it, and which metric says so. Those that need a listener are proven with the program.

mod amounts;
mod quotas;
mod times;

use std::net::IpAddr;

use hawser_relay::Relay;
use hawser_relay::config::{Key, Settings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

use crate::client::{Peer, Received, upgrade};
use crate::metered::Metered;

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

/// A relay that was told another value.
fn told(key: &str, text: &str) -> Metered {
    let mut settings = Settings::default();
    Key::named(key).unwrap().set(&mut settings, text).unwrap();
    Metered::new(Relay::new(settings.config()).unwrap())
}

impl Metered {
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

#[test]
fn what_there_may_be_at_once_is_shown() {
    for (key, text, most) in [
        ("connections", "400", 400),
        ("connections", "none", 0),
        ("waiting-tunnels", "7", 7),
    ] {
        let limit = key.replace('-', "_");
        let series = format!("hawser_relay_limit{{limit=\"{limit}\"}}");
        assert_eq!(told(key, text).metric(&series), most, "{key} = {text}");
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
