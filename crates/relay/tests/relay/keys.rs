//! Every limit and quota does what its name says: a relay that is told another value by its key
//! behaves otherwise. The other keys are proven with the program.

use std::net::IpAddr;
use std::time::Duration;

use hawser_relay::Relay;
use hawser_relay::config::{Key, Settings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
use tokio::time::{Instant, sleep, timeout};

use crate::client::{
    ID, Received, close, connect, connect_with_room, frame, laptop, message, pair, phone, settle,
    upgrade,
};

/// They need a listener: see the tests of the program.
const OF_A_LISTENER: [&str; 3] = ["handshake-time", "connections", "accepts-per-second"];

#[tokio::test(start_paused = true)]
async fn every_limit_and_quota_acts() {
    let mut proven = 0;
    for key in Key::all() {
        let name = key.name();
        if !(key.heading().starts_with("Limits") || key.heading().starts_with("Quotas"))
            || OF_A_LISTENER.contains(&name.as_str())
        {
            continue;
        }
        if name.ends_with("-time") || name == "ping-interval" {
            prove_time(&name).await;
        } else {
            prove_amount(&name).await;
        }
        proven += 1;
    }
    assert_eq!(proven, 17, "every proof has its key");
}

async fn prove_time(key: &str) {
    match key {
        "head-time" => {
            let start = Instant::now();
            let mut silent = connect(&told(key, "3s"));
            assert_eq!(silent.answer().await.status, 408);
            assert_eq!(start.elapsed().as_secs(), 3);
        }
        "upgrade-time" => {
            let relay = told(key, "3s");
            let mut deaf = connect_with_room(&relay, 50);
            deaf.write(upgrade(&format!("/cable/new/{ID}")).as_bytes())
                .await;
            sleep(Duration::from_millis(2900)).await;
            assert_eq!(relay.stats().connections, 1);
            sleep(Duration::from_millis(200)).await;
            assert_eq!(relay.stats().connections, 0);
        }
        "waiting-time" => {
            let start = Instant::now();
            let mut phone = phone(&told(key, "7s")).await;
            assert_eq!(phone.receive().await, Received::Close { code: Some(1008) });
            assert_eq!(start.elapsed().as_secs(), 7);
        }
        "session-time" => {
            let start = Instant::now();
            let (mut phone, _laptop) = pair(&told(key, "9s")).await;
            assert_eq!(phone.receive().await, Received::Close { code: Some(1008) });
            assert_eq!(start.elapsed().as_secs(), 9);
        }
        "write-stall-time" => {
            let relay = told(key, "5s");
            let mut deaf = connect_with_room(&relay, 500);
            deaf.write(upgrade(&format!("/cable/new/{ID}")).as_bytes())
                .await;
            assert_eq!(deaf.answer().await.status, 101);
            let start = Instant::now();
            let mut laptop = laptop(&relay).await;
            laptop.send(&[1; 5000]).await;
            assert_eq!(laptop.receive().await, Received::Close { code: Some(1008) });
            assert_eq!(start.elapsed().as_secs(), 5);
        }
        "close-time" => {
            let relay = told(key, "6s");
            let (mut phone, _laptop) = pair(&relay).await;
            phone.write(&close(1000)).await;
            sleep(Duration::from_millis(5900)).await;
            assert_eq!(relay.stats().connections, 1, "the laptop has not answered");
            sleep(Duration::from_millis(200)).await;
            assert_eq!(relay.stats().connections, 0);
        }
        "ping-interval" => {
            let start = Instant::now();
            let mut phone = phone(&told(key, "4s")).await;
            assert!(matches!(
                phone.receive().await,
                Received::Frame { opcode: 9, .. }
            ));
            assert_eq!(start.elapsed().as_secs(), 4);
        }
        other => panic!("nothing proves that {other} acts"),
    }
}

async fn prove_amount(key: &str) {
    match key {
        "head-bytes" => {
            let mut peer = connect(&told(key, "1KiB"));
            peer.write(format!("GET /{} HTTP/1.1\r\n", "x".repeat(1100)).as_bytes())
                .await;
            assert_eq!(peer.answer().await.status, 431);
        }
        "message-bytes" => assert_eq!(closed_after(key, "2KiB", &message(&[0; 2049])).await, 1009),
        "messages" => assert_eq!(closed_after(key, "6", &message(b"x").repeat(7)).await, 1008),
        "tunnel-bytes" => {
            let bytes = message(&[0; 1024]).repeat(5);
            assert_eq!(closed_after(key, "4KiB", &bytes).await, 1008);
        }
        "control-frames" => {
            assert_eq!(
                closed_after(key, "2", &frame(true, 9, b"").repeat(3)).await,
                1008
            );
        }
        "early-bytes" => {
            for (bytes, taken) in [("4KiB", true), ("16", false)] {
                let mut phone = connect_with_room(&told(key, bytes), 512);
                phone
                    .write(upgrade(&format!("/cable/new/{ID}")).as_bytes())
                    .await;
                assert_eq!(phone.answer().await.status, 101);
                let early = message(&[0; 2048]);
                let sent = timeout(Duration::from_secs(5), phone.write(&early)).await;
                assert_eq!(sent.is_ok(), taken, "with {bytes}");
            }
        }
        "waiting-tunnels" => {
            let relay = told(key, "1");
            let _first = phone(&relay).await;
            assert_eq!(open(&relay, 1).await, 503);
        }
        "client-connections" => {
            let relay = told(key, "2");
            let _held = [reach(&relay), reach(&relay)];
            settle().await;
            let mut refused = Vec::new();
            reach(&relay).read_to_end(&mut refused).await.unwrap();
            assert_eq!(relay.stats().connections, 2);
        }
        "client-waiting-tunnels" => {
            let relay = told(key, "2");
            let opened = [
                open(&relay, 1).await,
                open(&relay, 2).await,
                open(&relay, 3).await,
            ];
            assert_eq!(opened, [101, 101, 429]);
        }
        "client-tunnels-per-second" => {
            let relay = told(key, "1");
            assert_eq!([open(&relay, 1).await, open(&relay, 2).await], [101, 429]);
            sleep(Duration::from_secs(1)).await;
            assert_eq!(open(&relay, 3).await, 101);
        }
        other => panic!("nothing proves that {other} acts"),
    }
}

/// A relay with one key that is not at its default.
fn told(key: &str, text: &str) -> Relay {
    let mut settings = Settings::default();
    Key::named(key).unwrap().set(&mut settings, text).unwrap();
    Relay::new(settings.config()).unwrap()
}

/// The close code that a phone gets for sending these bytes to a laptop.
async fn closed_after(key: &str, text: &str, bytes: &[u8]) -> u16 {
    let (mut phone, _laptop) = pair(&told(key, text)).await;
    phone.write(bytes).await;
    loop {
        match phone.receive().await {
            Received::Close { code: Some(code) } => return code,
            Received::Frame { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

/// A connection of a client with an address.
fn reach(relay: &Relay) -> tokio::io::DuplexStream {
    let (ours, theirs) = duplex(4096);
    let relay = relay.clone();
    let peer: IpAddr = "192.0.2.7".parse().unwrap();
    tokio::spawn(async move { relay.serve_io(theirs, Some(peer)).await });
    ours
}

/// The status that a client with an address gets for opening a tunnel, which stays open.
async fn open(relay: &Relay, tunnel: u8) -> u16 {
    let mut stream = reach(relay);
    let request = upgrade(&format!("/cable/new/{tunnel:032X}"));
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    // Held as long as the test's runtime lives.
    tokio::spawn(async move {
        let _held = stream;
        std::future::pending::<()>().await;
    });
    std::str::from_utf8(&answer[9..]).unwrap().parse().unwrap()
}
