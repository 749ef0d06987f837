//! Instances that are down, silent or gone, and routing ids that name nobody.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hawser_relay::config::Ceiling;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use tokio::net::{TcpListener, TcpStream};

use crate::client::{deliver, id, laptop, phone, until};
use crate::cluster::{Cluster, Ground, Instance};

/// The routing id of an instance in this slot.
fn routing(slot: u8) -> String {
    format!("0{slot:02X}123")
}

/// Accepts connections, counts them, and does with them what `then` does.
fn counted<F>(
    listener: TcpListener,
    then: impl Fn(tokio::net::TcpStream) -> F + Send + 'static,
) -> Arc<AtomicUsize>
where
    F: Future<Output = ()> + Send + 'static,
{
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(then(stream));
        }
    });
    count
}

#[tokio::test]
async fn an_instance_that_is_down_gives_503_and_is_not_dialled_in_a_storm() {
    let mut ground = Ground::find(2);
    let asked = Instance::start(&mut ground, 0, 2, |config| {
        config.peers.as_mut().unwrap().limits.retry_time = Duration::from_hours(1);
    });
    // Hangs up on everybody.
    let dials = counted(ground.take(1), |stream| async move { drop(stream) });
    for n in 0..100 {
        let refused = laptop(asked.clients, &routing(1), &id(n))
            .await
            .unwrap_err();
        assert_eq!((refused.status, refused.retry_after), (503, true));
    }
    assert_eq!(dials.load(Ordering::Relaxed), 1);
    assert_eq!(asked.hops("silent"), 1);
    assert_eq!(asked.hops("held_down"), 99);
    assert_eq!(asked.refused("peer_down"), 100);
    assert_eq!(asked.metric("hawser_relay_peers_down"), 1);
}

#[tokio::test]
async fn an_instance_that_comes_back_is_found_again() {
    let mut cluster = Cluster::start(2);
    cluster.instances[1].leave().await;
    let (mut phone, routing) = phone(cluster.instances[1].clients, &id(1)).await;
    let asked = cluster.instances[0].clients;
    let refused = laptop(asked, &routing, &id(1)).await.unwrap_err();
    assert_eq!(refused.status, 503);
    assert_eq!(cluster.instances[0].hops("down"), 1);
    cluster.ground.restore(1);
    let relay = cluster.instances[1].relay.clone();
    let inner = cluster.ground.take(1);
    tokio::spawn(async move { relay.serve_peers(inner).await });
    let mut laptop = loop {
        match laptop(asked, &routing, &id(1)).await {
            Ok(laptop) => break laptop,
            Err(refused) => assert_eq!(refused.status, 503),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    deliver(&mut laptop, &mut phone, vec![1]).await;
    assert_eq!(cluster.instances[0].metric("hawser_relay_peers_down"), 0);
}

#[tokio::test]
async fn an_instance_that_answers_nothing_is_given_up() {
    let mut ground = Ground::find(2);
    let asked = Instance::start(&mut ground, 0, 2, |config| {
        let limits = &mut config.peers.as_mut().unwrap().limits;
        limits.answer_time = Duration::from_millis(100);
    });
    let _dials = counted(ground.take(1), |stream| async move {
        tokio::time::sleep(crate::client::PATIENCE).await;
        drop(stream);
    });
    let refused = laptop(asked.clients, &routing(1), &id(1))
        .await
        .unwrap_err();
    assert_eq!(refused.status, 503);
    assert_eq!(asked.hops("silent"), 1);
}

#[tokio::test]
async fn dials_at_the_limit_and_one_past_it() {
    let mut ground = Ground::find(2);
    let asked = Instance::start(&mut ground, 0, 2, |config| {
        config.peers.as_mut().unwrap().limits.dials = 2;
    });
    let dials = counted(ground.take(1), |stream| async move {
        tokio::time::sleep(crate::client::PATIENCE).await;
        drop(stream);
    });
    let waiting = |n| {
        let clients = asked.clients;
        tokio::spawn(async move { laptop(clients, &routing(1), &id(n)).await })
    };
    let waiting = [waiting(1), waiting(2)];
    until("two dials", || dials.load(Ordering::Relaxed) == 2).await;
    let refused = laptop(asked.clients, &routing(1), &id(3))
        .await
        .unwrap_err();
    assert_eq!((refused.status, refused.retry_after), (503, true));
    assert_eq!(asked.hops("held_busy"), 1);
    assert_eq!(asked.refused("peer_busy"), 1);
    for waiting in waiting {
        waiting.abort();
    }
}

#[tokio::test]
async fn a_slot_without_a_name_is_nobody_that_is_down() {
    let mut ground = Ground::find(1);
    let asked = Instance::start(&mut ground, 0, 3, |config| {
        let peers = config.peers.as_mut().unwrap();
        // A name longer than a name may be: the resolver refuses it and asks nobody.
        let label = "n".repeat(63);
        peers.template = format!("{label}{{slot}}.invalid:1").parse().unwrap();
        peers.limits.retry_time = Duration::from_hours(1);
    });
    for n in 0..3 {
        let refused = laptop(asked.clients, &routing(2), &id(n))
            .await
            .unwrap_err();
        assert_eq!((refused.status, refused.retry_after), (503, true));
    }
    assert_eq!(asked.hops("no_address"), 3);
    assert_eq!(asked.hops("down") + asked.hops("held_down"), 0);
    assert_eq!(asked.metric("hawser_relay_peers_down"), 0);
}

#[tokio::test]
async fn connections_of_others_at_the_limit_and_one_past_it() {
    const HELD: &str = "hawser_relay_limits_hit_total{limit=\"peer_connections\"}";
    let mut ground = Ground::find(2);
    let inner = ground.address(0);
    let owner = Instance::start(&mut ground, 0, 2, |config| {
        config.peers.as_mut().unwrap().limits.connections = Ceiling::At(2);
    });
    let asked = Instance::start(&mut ground, 1, 2, |_| {});
    let silent = TcpStream::connect(inner).await.unwrap();
    let (mut phone_1, routing) = phone(owner.clients, &id(1)).await;
    let mut laptop_1 = laptop(asked.clients, &routing, &id(1)).await.unwrap();
    deliver(&mut laptop_1, &mut phone_1, vec![1]).await;

    let (mut phone_2, routing) = phone(owner.clients, &id(2)).await;
    let asking = tokio::spawn(async move { laptop(asked.clients, &routing, &id(2)).await });
    until("the limit is reached", || owner.metric(HELD) > 0).await;
    // Clients do not notice, and those who have a tunnel go on.
    let (_phone_3, _) = phone(owner.clients, &id(3)).await;
    deliver(&mut phone_1, &mut laptop_1, vec![2]).await;
    assert_eq!(owner.metric("hawser_relay_peer_connections"), 2);
    assert!(!asking.is_finished());
    drop(silent);
    let mut laptop_2 = asking.await.unwrap().unwrap();
    deliver(&mut laptop_2, &mut phone_2, vec![3]).await;
}

#[tokio::test]
async fn a_hop_takes_a_place_at_the_limit_and_none_past_it() {
    let mut ground = Ground::find(2);
    let owner = Instance::start(&mut ground, 0, 2, |_| {});
    // Two for a laptop that is passed on, and one for a laptop that cannot be.
    let asked = Instance::start(&mut ground, 1, 2, |config| {
        config.limits.connections = Ceiling::At(3);
    });
    let (mut phone_1, routing) = phone(owner.clients, &id(1)).await;
    let (mut phone_2, _) = phone(owner.clients, &id(2)).await;
    let mut laptop_1 = laptop(asked.clients, &routing, &id(1)).await.unwrap();
    let refused = laptop(asked.clients, &routing, &id(2)).await.unwrap_err();
    assert_eq!((refused.status, refused.retry_after), (503, true));
    assert_eq!(asked.hops("no_room"), 1);
    let hit = "hawser_relay_limits_hit_total{limit=\"connections\"}";
    assert!(asked.metric(hit) > 0);
    deliver(&mut phone_1, &mut laptop_1, vec![1]).await;
    // The other instance is not thought to be down, and the next one finds it.
    drop(laptop_1);
    until("there is room", || asked.relay.stats().connections == 0).await;
    let mut laptop_2 = laptop(asked.clients, &routing, &id(2)).await.unwrap();
    deliver(&mut phone_2, &mut laptop_2, vec![2]).await;
    assert_eq!(asked.hops("down") + asked.hops("held_down"), 0);
}

#[tokio::test]
async fn an_answer_that_is_none_is_a_failure() {
    use tokio::io::AsyncWriteExt as _;

    for answer in [
        "no HTTP\r\n\r\n".to_owned(),
        format!("HTTP/1.1 101 {}", "x".repeat(9000)),
    ] {
        let mut ground = Ground::find(2);
        let asked = Instance::start(&mut ground, 0, 2, |_| {});
        let _dials = counted(ground.take(1), move |mut stream| {
            let answer = answer.clone();
            async move {
                let _ = stream.write_all(answer.as_bytes()).await;
                tokio::time::sleep(crate::client::PATIENCE).await;
            }
        });
        let refused = laptop(asked.clients, &routing(1), &id(1))
            .await
            .unwrap_err();
        assert_eq!(refused.status, 503);
    }
}

#[tokio::test]
async fn no_routing_id_leads_outside_the_set_of_instances() {
    const PLACES: u16 = 256;
    const COUNT: u8 = 3;
    let mut ground = Ground::find(PLACES);
    let asked = Instance::start(&mut ground, 0, COUNT.into(), |config| {
        // Every request for a peer dials it.
        config.peers.as_mut().unwrap().limits.retry_time = Duration::ZERO;
    });
    let dials: Vec<_> = (1..PLACES)
        .map(|slot| counted(ground.take(slot), |stream| async move { drop(stream) }))
        .collect();
    let mut runner = TestRunner::deterministic();
    let any_bytes = any::<[u8; 3]>();
    let small_slots =
        (0..COUNT + 3, any::<u8>()).prop_map(|(slot, low)| [slot >> 4, slot << 4 | low >> 4, low]);
    let mut expected = vec![0; usize::from(COUNT)];
    for n in 0..10_000_u32 {
        let bytes = if n % 4 == 0 {
            small_slots.new_tree(&mut runner).unwrap().current()
        } else {
            any_bytes.new_tree(&mut runner).unwrap().current()
        };
        let text = data_encoding::HEXUPPER.encode(&bytes);
        let (zone, slot) = (bytes[0] >> 4, bytes[0] << 4 | bytes[1] >> 4);
        let is_peer = zone == 0 && (1..COUNT).contains(&slot);
        let refused = laptop(asked.clients, &text, &id(n)).await.unwrap_err();
        assert_eq!(refused.status, if is_peer { 503 } else { 404 }, "{text}");
        if is_peer {
            expected[usize::from(slot)] += 1;
        }
    }
    let dialled: Vec<_> = dials
        .iter()
        .map(|dials| dials.load(Ordering::Relaxed))
        .collect();
    assert!(expected[1] > 100 && expected[2] > 100, "{expected:?}");
    assert_eq!(dialled[..usize::from(COUNT) - 1], expected[1..]);
    assert_eq!(dialled[usize::from(COUNT) - 1..].iter().sum::<usize>(), 0);
}
