//! The client against Hawser's own relay, in this process.

use std::time::Duration;

use hawser_relay::{Config, Relay, bind};
use hawser_tunnel::{Dialer, OpenError, TunnelError};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::server::{ID, domain};

/// A busy machine may stand still for seconds. What finds a lost end without being told, the first ping, comes after 25.
const SOON: Duration = Duration::from_secs(20);

/// A dialer to a relay that serves as long as the second value lives.
fn relay() -> (Dialer, JoinSet<()>) {
    let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let relay = Relay::new(Config::default()).unwrap();
    let mut serving = JoinSet::new();
    serving.spawn(async {
        relay.serve(listener, std::future::pending()).await;
    });
    (Dialer::new().tunnel_service(&url).unwrap(), serving)
}

#[tokio::test]
async fn a_tunnel_carries_messages_both_ways_and_closes_in_good_order() {
    let (dialer, _serving) = relay();
    let (mut phone, routing) = dialer.open(domain(), ID).await.unwrap();
    let mut laptop = dialer.join(domain(), routing, ID).await.unwrap();

    for message in [&b"to the phone"[..], b"", &vec![7; 60_000]] {
        laptop.send(message.to_vec()).await.unwrap();
        assert_eq!(phone.receive().await.unwrap().unwrap(), message);
    }
    for message in [&b"to the laptop"[..], b"", &vec![8; 60_000]] {
        phone.send(message.to_vec()).await.unwrap();
        assert_eq!(laptop.receive().await.unwrap().unwrap(), message);
    }

    // A phone hangs up right behind its reply, which must arrive all the same.
    phone.send(b"reply".to_vec()).await.unwrap();
    let ((), end) = tokio::join!(phone.close(), async {
        assert_eq!(laptop.receive().await.unwrap().unwrap(), b"reply");
        timeout(SOON, laptop.receive()).await.unwrap()
    });
    assert_eq!(end.unwrap(), None);
}

#[tokio::test]
async fn either_end_learns_soon_that_the_other_is_lost() {
    for phone_stays in [true, false] {
        let (dialer, _serving) = relay();
        let (phone, routing) = dialer.open(domain(), ID).await.unwrap();
        let laptop = dialer.join(domain(), routing, ID).await.unwrap();
        let (mut stays, goes) = if phone_stays {
            (phone, laptop)
        } else {
            (laptop, phone)
        };

        drop(goes);
        let error = timeout(SOON, stays.receive()).await.unwrap().unwrap_err();
        assert!(
            matches!(error, TunnelError::Closed { code: 1001, .. }),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn refusals_of_the_relay_are_understood() {
    let (dialer, _serving) = relay();
    let (phone, routing) = dialer.open(domain(), ID).await.unwrap();

    let error = dialer.open(domain(), ID).await.unwrap_err();
    assert!(
        matches!(error, OpenError::Refused { status: 409, .. }),
        "{error:?}"
    );

    let _laptop = dialer.join(domain(), routing, ID).await.unwrap();
    let error = dialer.join(domain(), routing, ID).await.unwrap_err();
    assert!(
        matches!(error, OpenError::Refused { status: 404, .. }),
        "{error:?}"
    );
    drop(phone);
}

#[tokio::test]
async fn a_relay_that_shuts_down_says_so() {
    let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let config = Config {
        drain_time: Duration::ZERO,
        ..Config::default()
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(Relay::new(config).unwrap().serve(listener, async {
        let _ = stopped.await;
    }));
    let dialer = Dialer::new().tunnel_service(&url).unwrap();
    let (mut phone, _) = dialer.open(domain(), ID).await.unwrap();

    stop.send(()).unwrap();
    let error = timeout(SOON, phone.receive()).await.unwrap().unwrap_err();
    assert!(
        matches!(error, TunnelError::Closed { code: 1001, .. }),
        "{error:?}"
    );
    serving.await.unwrap();
    let error = dialer.open(domain(), ID).await.unwrap_err();
    assert!(matches!(error, OpenError::Connect { .. }), "{error:?}");
}
