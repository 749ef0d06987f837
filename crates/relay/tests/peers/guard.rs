//! What the listener for other instances answers to anybody else.

use crate::client::{Refused, ask, id, laptop, phone, until};
use crate::cluster::{Cluster, KEY};
use crate::token::token;

/// A cluster with a phone in slot 1, and the path of its tunnel.
async fn waiting() -> (Cluster, crate::client::Peer, String) {
    let cluster = Cluster::start(3);
    let (phone, routing) = phone(cluster.instances[1].clients, &id(1)).await;
    let path = format!("/cable/connect/{routing}/{}", id(1));
    (cluster, phone, path)
}

fn status(answer: Result<(crate::client::Peer, String), Refused>) -> u16 {
    answer.err().map_or(101, |refused| refused.status)
}

#[tokio::test]
async fn takes_a_token_that_is_made_as_documented() {
    let (cluster, _phone, path) = waiting().await;
    let token = token(KEY, &path, 0, 1);
    let inner = cluster.ground.address(1);
    assert_eq!(status(ask(inner, &path, Some(&token)).await), 101);
}

#[tokio::test]
async fn refuses_forged_expired_replayed_and_looped_requests() {
    let (cluster, _phone, path) = waiting().await;
    let instance = &cluster.instances[1];
    let inner = cluster.ground.address(1);
    let other_path = format!("/cable/connect/{}/{}", instance.routing, id(2));
    let new_path = format!("/cable/new/{}", id(3));
    let third = format!("/cable/connect/{}/{}", cluster.instances[2].routing, id(1));
    let nobody = format!("/cable/connect/{}/{}", "010000", id(1));
    let strange = "f".repeat(32);
    let made = |key: &str, path: &str, age, nonce| Some(token(key, path, age, nonce));
    for (path, token, expected, reason) in [
        (&path, None, 403, "peer_forged"),
        (&path, Some("v1".to_owned()), 403, "peer_forged"),
        (&path, made(&strange, &path, 0, 1), 403, "peer_forged"),
        (&path, made(KEY, &other_path, 0, 2), 403, "peer_forged"),
        (&path, made(KEY, &path, 60, 3), 403, "peer_expired"),
        (&path, made(KEY, &path, -60, 4), 403, "peer_expired"),
        (&new_path, made(KEY, &new_path, 0, 5), 403, "peer_forged"),
        (&"/".to_owned(), made(KEY, "/", 0, 6), 403, "peer_forged"),
        (&third, made(KEY, &third, 0, 7), 508, "peer_loop"),
        (&nobody, made(KEY, &nobody, 0, 8), 508, "peer_loop"),
        (&other_path, made(KEY, &other_path, 0, 9), 404, "no_tunnel"),
        (
            &other_path,
            made(KEY, &other_path, 0, 9),
            403,
            "peer_replayed",
        ),
    ] {
        let metric = format!("hawser_relay_requests_refused_total{{reason=\"{reason}\"}}");
        let before = instance.metric(&metric);
        let answer = ask(inner, path, token.as_deref()).await;
        assert_eq!(status(answer), expected, "{path} {token:?}");
        until(reason, || instance.metric(&metric) == before + 1).await;
    }
    // The phone still waits, and none of that was passed on.
    let good = token(KEY, &path, 0, 10);
    assert_eq!(status(ask(inner, &path, Some(&good)).await), 101);
    for instance in &cluster.instances {
        assert_eq!(instance.metric("hawser_relay_peer_answer_seconds_count"), 0);
    }
}

#[tokio::test]
async fn a_replayed_request_does_not_meet_a_second_phone() {
    let (cluster, mut first, path) = waiting().await;
    let inner = cluster.ground.address(1);
    let token = token(KEY, &path, 0, 1);
    let (laptop, _) = ask(inner, &path, Some(&token)).await.unwrap();
    drop(laptop);
    crate::client::next(&mut first).await;
    let (_second, _) = phone(cluster.instances[1].clients, &id(1)).await;
    assert_eq!(status(ask(inner, &path, Some(&token)).await), 403);
}

#[tokio::test]
async fn a_token_means_nothing_on_the_listener_for_clients() {
    let (cluster, _phone, path) = waiting().await;
    let third = format!("/cable/connect/{}/{}", cluster.instances[2].routing, id(1));
    let token = token(KEY, &third, 0, 1);
    let clients = cluster.instances[1].clients;
    assert_eq!(status(ask(clients, &third, Some(&token)).await), 404);
    assert_eq!(status(ask(clients, &path, Some("nonsense")).await), 101);
}

#[tokio::test]
async fn an_instance_with_another_key_is_refused_and_the_client_hears_502() {
    let mut ground = crate::cluster::Ground::find(2);
    let owner = crate::cluster::Instance::start(&mut ground, 0, 2, |config| {
        use std::io::Write as _;
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "another key of 32 characters, see").unwrap();
        let keys = hawser_relay::peer::Keys::from_file(file.path()).unwrap();
        config.peers.as_mut().unwrap().keys = keys;
    });
    let other = crate::cluster::Instance::start(&mut ground, 1, 2, |_| {});
    let (_phone, routing) = phone(owner.clients, &id(1)).await;
    let refused = laptop(other.clients, &routing, &id(1)).await.unwrap_err();
    assert_eq!(refused.status, 502);
    assert_eq!(other.hops("refused"), 1);
    assert_eq!(other.refused("peer_refused"), 1);
}
