//! Tunnels whose ends came to different instances.

use std::num::NonZeroUsize;
use std::time::SystemTime;

use futures_util::{SinkExt as _, StreamExt as _};
use hawser_relay::peer::{Generation, Identity, Slot};
use hawser_relay::{Listeners, Relay};
use hawser_wire::RoutingId;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use tokio::net::TcpStream;

use crate::client::{PATIENCE, deliver, id, laptop, next, phone, until, within};
use crate::cluster::{Cluster, Ground, Instance};

#[tokio::test]
async fn every_instance_reaches_every_tunnel() {
    let cluster = Cluster::start(3);
    let mut n = 0;
    for owner in &cluster.instances {
        for asked in &cluster.instances {
            n += 1;
            let (mut phone, routing) = phone(owner.clients, &id(n)).await;
            assert_eq!(routing, owner.routing);
            let mut laptop = laptop(asked.clients, &routing, &id(n)).await.unwrap();
            for len in [0, 1, 125, 126, 2000, 65_000] {
                deliver(&mut phone, &mut laptop, vec![1; len]).await;
                deliver(&mut laptop, &mut phone, vec![2; len]).await;
            }
        }
    }
    for instance in &cluster.instances {
        assert_eq!(instance.hops("joined"), 2);
        until("every hop ends", || instance.relay.stats().hops == 0).await;
        until("every tunnel ends", || instance.relay.stats().paired == 0).await;
    }
}

#[tokio::test]
async fn a_laptop_may_speak_before_it_is_answered() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let cluster = Cluster::start(2);
    let (mut phone, routing) = phone(cluster.instances[0].clients, &id(1)).await;
    let mut laptop = tokio::net::TcpStream::connect(cluster.instances[1].clients)
        .await
        .unwrap();
    let request = format!(
        "GET /cable/connect/{routing}/{} HTTP/1.1\r\nHost: relay\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: fido.cable\r\n\r\n",
        id(1)
    );
    let mut bytes = request.into_bytes();
    bytes.extend([0x82, 0x83, 0, 0, 0, 0, b'o', b'n', b'e']);
    laptop.write_all(&bytes).await.unwrap();
    assert_eq!(next(&mut phone).await, Message::binary(b"one".to_vec()));
    let mut answer = vec![0; 12];
    laptop.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 101");
}

#[tokio::test]
async fn the_end_of_one_side_reaches_the_other() {
    let cluster = Cluster::start(2);
    let (owner, asked) = (&cluster.instances[0], &cluster.instances[1]);

    let (mut phone_1, routing) = phone(owner.clients, &id(1)).await;
    let mut laptop_1 = laptop(asked.clients, &routing, &id(1)).await.unwrap();
    phone_1
        .send(Message::binary(b"last word".to_vec()))
        .await
        .unwrap();
    phone_1.close(None).await.unwrap();
    assert_eq!(
        next(&mut laptop_1).await,
        Message::binary(b"last word".to_vec())
    );
    let Message::Close(Some(frame)) = next(&mut laptop_1).await else {
        panic!("no close frame");
    };
    assert_eq!(frame.code, CloseCode::Normal);
    drop(laptop_1);

    let (mut phone_2, routing) = phone(owner.clients, &id(2)).await;
    let laptop_2 = laptop(asked.clients, &routing, &id(2)).await.unwrap();
    drop(laptop_2);
    let Message::Close(Some(frame)) = next(&mut phone_2).await else {
        panic!("no close frame");
    };
    assert_eq!(frame.code, CloseCode::Away);
    until("no hop is left", || asked.relay.stats().hops == 0).await;
}

#[tokio::test]
async fn a_second_laptop_comes_too_late_wherever_it_asks() {
    let cluster = Cluster::start(2);
    let (_phone, routing) = phone(cluster.instances[0].clients, &id(1)).await;
    let _first = laptop(cluster.instances[1].clients, &routing, &id(1))
        .await
        .unwrap();
    for instance in &cluster.instances {
        let refused = laptop(instance.clients, &routing, &id(1))
            .await
            .unwrap_err();
        assert_eq!(refused.status, 404);
    }
    assert_eq!(cluster.instances[1].hops("no_tunnel"), 1);
}

/// The routing id of an instance that lived in this slot before.
fn earlier(slot: u16) -> RoutingId {
    let start = SystemTime::now() - std::time::Duration::from_mins(1);
    let slot = Slot::new(slot).unwrap();
    let generation = Generation::at(start);
    Identity { slot, generation }.routing_id()
}

#[tokio::test]
async fn ids_of_an_earlier_life_are_nobodys() {
    let cluster = Cluster::start(2);
    let (mut phone, routing) = phone(cluster.instances[0].clients, &id(1)).await;
    let old = earlier(0).to_hex();
    for instance in &cluster.instances {
        let refused = laptop(instance.clients, &old, &id(1)).await.unwrap_err();
        assert_eq!(refused.status, 404);
    }
    let mut laptop = laptop(cluster.instances[1].clients, &routing, &id(1))
        .await
        .unwrap();
    deliver(&mut laptop, &mut phone, vec![1]).await;
}

#[tokio::test]
async fn an_instance_alone_knows_no_other() {
    let relay = Relay::new(hawser_relay::Config::default()).unwrap();
    let listener = hawser_relay::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(relay.clone().serve(listener, std::future::pending()));
    let (_phone, routing) = phone(address, &id(1)).await;
    assert_eq!(routing, "000000");
    let refused = laptop(address, "001000", &id(1)).await.unwrap_err();
    assert_eq!(refused.status, 404);
}

#[tokio::test]
async fn an_instance_that_drains_still_takes_laptops_of_others() {
    let mut cluster = Cluster::start(2);
    let (mut phone_1, routing) = phone(cluster.instances[0].clients, &id(1)).await;
    cluster.instances[0].stop();
    until("it drains", || !cluster.instances[0].relay.is_ready()).await;
    let path = format!("/cable/new/{}", id(2));
    let refused = crate::client::ask(cluster.instances[0].clients, &path, None).await;
    let refused = refused.unwrap_err();
    assert_eq!((refused.status, refused.retry_after), (503, true));
    let mut laptop_1 = laptop(cluster.instances[1].clients, &routing, &id(1))
        .await
        .unwrap();
    deliver(&mut laptop_1, &mut phone_1, vec![1]).await;
    phone_1.close(None).await.unwrap();
    next(&mut laptop_1).await;
    drop((phone_1, laptop_1));
    let report = cluster.instances.remove(0).stopped().await;
    assert_eq!(report.cut, 0);
}

#[tokio::test]
async fn a_drain_waits_for_hops_and_cuts_them_at_the_deadline() {
    let mut ground = Ground::find(2);
    let owner = Instance::start(&mut ground, 0, 2, |_| {});
    let mut asked = Instance::start(&mut ground, 1, 2, |config| {
        config.drain_time = std::time::Duration::from_secs(15);
    });
    let (mut phone, routing) = phone(owner.clients, &id(1)).await;
    let mut laptop = laptop(asked.clients, &routing, &id(1)).await.unwrap();
    let (own_phone, own_routing) = crate::client::phone(asked.clients, &id(2)).await;
    asked.stop();
    deliver(&mut laptop, &mut phone, vec![1]).await;
    // What ends meanwhile has finished, and who comes meanwhile is cut.
    until("it drains", || !asked.relay.is_ready()).await;
    let (mut late_phone, routing) = crate::client::phone(owner.clients, &id(3)).await;
    let clients = asked.clients;
    let mut late = crate::client::laptop(clients, &routing, &id(3))
        .await
        .unwrap();
    deliver(&mut late, &mut late_phone, vec![1]).await;
    let mut own = crate::client::laptop(clients, &own_routing, &id(2))
        .await
        .unwrap();
    own.close(None).await.unwrap();
    drop((own, own_phone));
    let told = async {
        let close = next(&mut laptop).await;
        // Its answer, and the end of the stream.
        while laptop.next().await.is_some() {}
        close
    };
    let (report, told_laptop) = tokio::join!(asked.stopped(), told);
    assert_eq!((report.finished, report.cut), (1, 2));
    for told in [told_laptop, next(&mut phone).await] {
        let Message::Close(Some(frame)) = told else {
            panic!("no close frame: {told:?}");
        };
        assert_eq!(frame.code, CloseCode::Away);
    }
}

/// It would only take the tunnel with it.
#[tokio::test]
async fn whoever_comes_behind_the_deadline_of_a_drain_is_not_passed_on() {
    let mut ground = Ground::find(2);
    let owner = Instance::start(&mut ground, 0, 2, |_| {});
    let mut asked = Instance::start(&mut ground, 1, 2, |config| {
        config.drain_time = std::time::Duration::ZERO;
        config.limits.close_time = PATIENCE;
    });
    let (mut phone, routing) = phone(owner.clients, &id(1)).await;
    let (mut cut, _) = crate::client::phone(asked.clients, &id(2)).await;
    asked.stop();
    assert!(matches!(next(&mut cut).await, Message::Close(_)));
    // Its answer to that is waited for.
    let refused = laptop(asked.clients, &routing, &id(1)).await.unwrap_err();
    assert_eq!((refused.status, refused.retry_after), (503, true));
    drop(cut);
    let mut laptop = laptop(owner.clients, &routing, &id(1)).await.unwrap();
    deliver(&mut laptop, &mut phone, vec![1]).await;
}

#[tokio::test]
async fn a_drain_counts_a_client_that_is_just_being_passed_on_once_and_only_if_it_is() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let (no, yes) = ("HTTP/1.1 404 No\r\n\r\n", "HTTP/1.1 101 Yes\r\n\r\n");
    let request = format!(
        "GET /cable/connect/001000/{} HTTP/1.1\r\nHost: relay\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: fido.cable\r\n\r\n",
        id(1)
    );
    let hour = std::time::Duration::from_hours(1);
    for (answer, drain_time, expected) in [
        (no, hour, (0, 0)),
        (yes, hour, (1, 0)),
        // The deadline passes while it is asked.
        (no, std::time::Duration::ZERO, (0, 0)),
        (yes, std::time::Duration::ZERO, (0, 1)),
    ] {
        let mut ground = Ground::find(2);
        let mut asked = Instance::start(&mut ground, 0, 2, |config| {
            config.drain_time = drain_time;
            config.limits.close_time = PATIENCE;
        });
        let owner = ground.take(1);
        let mut client = TcpStream::connect(asked.clients).await.unwrap();
        client.write_all(request.as_bytes()).await.unwrap();
        let (mut peer, _) = within(owner.accept()).await.unwrap();
        assert_eq!(asked.metric("hawser_relay_peer_hops"), 0, "not yet");
        asked.stop();
        until("it drains", || !asked.relay.is_ready()).await;
        peer.write_all(answer.as_bytes()).await.unwrap();
        // The answer, or the end.
        let _ = within(client.read(&mut [0; 12])).await;
        drop((client, peer));
        let report = asked.stopped().await;
        assert_eq!((report.finished, report.cut), expected, "{answer:?}");
    }
}

#[test]
fn laptops_of_other_instances_find_phones_on_every_thread() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut ground = Ground::find(2);
        let asked = Instance::start(&mut ground, 1, 2, |_| {});
        let inner = ground.take(0);
        let mut config = hawser_relay::Config {
            routing_id: Identity {
                slot: Slot::new(0).unwrap(),
                generation: Generation::at(SystemTime::now()),
            }
            .routing_id(),
            peers: Some(hawser_relay::peer::PeerConfig {
                template: format!("127.0.1.{{slot}}:{}", ground.address(0).port())
                    .parse()
                    .unwrap(),
                count: 2,
                keys: crate::cluster::keys(),
                limits: hawser_relay::peer::PeerLimits::default(),
            }),
            ..hawser_relay::Config::default()
        };
        config.lift_quotas();
        let owner = Relay::new(config).unwrap();
        let threads = NonZeroUsize::new(2).unwrap();
        let listeners = Listeners::bind("127.0.0.1:0".parse().unwrap(), threads).unwrap();
        let address = listeners.local_addr().unwrap();
        let peers = owner.clone();
        tokio::spawn(async move { peers.serve_peers(inner).await });
        tokio::spawn(owner.serve_threads(listeners, std::future::pending()));
        // The kernel spreads phones over both threads.
        for n in 0..20 {
            let (mut phone, routing) = phone(address, &id(n)).await;
            let mut laptop = laptop(asked.clients, &routing, &id(n)).await.unwrap();
            deliver(&mut phone, &mut laptop, vec![1; 1000]).await;
            deliver(&mut laptop, &mut phone, vec![2; 1000]).await;
        }
    });
}
