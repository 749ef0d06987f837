//! Quotas of one client, and what it means to lift them.

use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::time::sleep;

use super::{close_code, told};
use crate::client::{binary, message, pair, settle};

#[tokio::test(start_paused = true)]
async fn client_connections() {
    let told = told("client-connections", "2");
    let held = [told.reach(), told.reach()];
    settle().await;
    assert_eq!(told.relay.stats().connections, 2);
    assert_eq!(told.hit("client_connections"), 0);
    let mut refused = Vec::new();
    told.reach().read_to_end(&mut refused).await.unwrap();
    assert!(refused.is_empty(), "closed without a word");
    assert_eq!(told.relay.stats().connections, 2);
    assert_eq!(told.hit("client_connections"), 1);
    drop(held);
    settle().await;
    assert_eq!(told.open(1).await.0, 101);
}

#[tokio::test(start_paused = true)]
async fn client_waiting_tunnels() {
    let told = told("client-waiting-tunnels", "2");
    let (first, held) = told.open(1).await;
    let (second, _held) = told.open(2).await;
    let (third, _refused) = told.open(3).await;
    assert_eq!([first, second, third], [101, 101, 429]);
    assert_eq!(told.refused("client_waiting"), 1);
    drop(held);
    settle().await;
    assert_eq!(told.open(3).await.0, 101);
}

#[tokio::test(start_paused = true)]
async fn client_tunnels_per_second() {
    let told = told("client-tunnels-per-second", "2");
    let mut held = Vec::new();
    let mut statuses = Vec::new();
    for n in 0..4 {
        let (status, stream) = told.open(n).await;
        statuses.push(status);
        held.push(stream);
        if n == 2 {
            sleep(Duration::from_millis(500)).await;
        }
    }
    assert_eq!(statuses, [101, 101, 429, 101]);
    assert_eq!(told.refused("client_rate"), 1);
}

#[tokio::test(start_paused = true)]
async fn no_quotas_lifts_what_is_counted_for_a_client_and_a_tunnel_and_no_more() {
    let told = told("no-quotas", "true");
    let mut held: Vec<_> = (0..1100).map(|_| told.reach()).collect();
    settle().await;
    assert_eq!(told.relay.stats().connections, 1100);
    for n in 0..400 {
        let (status, stream) = told.open(n).await;
        assert_eq!(status, 101, "tunnel {n}");
        held.push(stream);
    }
    let (mut phone, mut laptop) = pair(&told.relay).await;
    for _ in 0..300 {
        // 300 messages, 4.7 MiB.
        phone.send(&[1; 16 * 1024]).await;
        assert_eq!(laptop.receive().await, binary(&[1; 16 * 1024]));
    }
    phone.write(&message(&vec![1; 64 * 1024 + 1])).await;
    assert_eq!(close_code(&mut laptop).await, Some(1009));
    // Times stay too: 110 s later, the phones have waited long enough.
    assert!(told.relay.stats().waiting > 0);
    sleep(Duration::from_secs(125)).await;
    assert_eq!(told.relay.stats().waiting, 0);
    drop(held);
}
