//! The real tunnel service in between, and a phone that dials it.

use std::net::SocketAddr;
use std::time::SystemTime;

use hawser_laptop::{Hint, Laptop, LaptopError, Stage};
use hawser_proto::{
    Advert, Invitation, OsRng, PhoneEvent, PhoneHello, PhoneSession, PostHandshake,
};
use hawser_relay::{Config, Relay, bind};
use hawser_tunnel::Tunnel;
use hawser_wire::TunnelDomain;
use tokio::sync::oneshot;

use crate::air::{Air, air};
use crate::phone::INFO;
use crate::service::dialer;
use crate::story::{REPLY, request};

/// A phone in the tunnel, with the laptop's request in its hands.
struct Phone {
    session: PhoneSession,
    tunnel: Tunnel,
}

async fn be_asked(uri: &str, relay: SocketAddr, air: &Air) -> Phone {
    let invitation = Invitation::parse(uri).unwrap();
    let domain = TunnelDomain::from_id(0xf980).unwrap();
    let (mut tunnel, routing_id) = dialer(relay)
        .open(domain, invitation.tunnel_id())
        .await
        .unwrap();
    let advert = Advert::new(&mut OsRng, routing_id, domain).unwrap();
    air.advertise(advert.seal(&invitation.eid_key()));

    let hello = PhoneHello::new(PostHandshake::ctap(INFO));
    let mut session = PhoneSession::new(&invitation, &advert, hello, &mut OsRng).unwrap();
    loop {
        let message = tunnel.receive().await.unwrap().unwrap();
        let step = session.receive(&message).unwrap();
        for message in step.send {
            tunnel.send(message).await.unwrap();
        }
        if let Some(PhoneEvent::Request(asked)) = step.event {
            assert_eq!(asked, request().as_bytes());
            return Phone { session, tunnel };
        }
    }
}

/// Runs a laptop and `script`, which plays the phone, with a relay between them.
async fn play(script: impl AsyncFnOnce(&str, SocketAddr, &Air)) -> Result<Vec<u8>, LaptopError> {
    let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let relay = Relay::new(Config::default()).unwrap();
    let relay = tokio::spawn(relay.serve(listener, async {
        let _ = stopped.await;
    }));

    let invite = Laptop::new(dialer(address))
        .invite(Hint::GetAssertion, SystemTime::now())
        .unwrap();
    let (air, radio) = air();
    let (uri, request) = (invite.uri(), request());
    let (result, ()) = tokio::join!(
        Box::pin(invite.run(radio, &request, |_| {})),
        Box::pin(script(&uri, address, &air))
    );
    drop(stop);
    relay.await.unwrap();
    result
}

#[tokio::test]
async fn a_transaction_through_the_relay() {
    let result = play(async |uri, relay, air| {
        let mut phone = be_asked(uri, relay, air).await;
        let reply = phone.session.respond(REPLY).unwrap();
        phone.tunnel.send(reply).await.unwrap();
        let goodbye = phone.tunnel.receive().await.unwrap().unwrap();
        let step = phone.session.receive(&goodbye).unwrap();
        assert!(matches!(step.event, Some(PhoneEvent::Shutdown)));
        phone.tunnel.close().await;
    })
    .await;
    assert_eq!(result.unwrap(), REPLY);
}

#[tokio::test]
async fn the_relay_tells_that_the_phone_has_gone() {
    let result = play(async |uri, relay, air| {
        drop(be_asked(uri, relay, air).await);
    })
    .await;
    assert!(
        matches!(
            result,
            Err(LaptopError::PhoneLost {
                stage: Stage::Approving,
                ..
            })
        ),
        "{result:?}"
    );
}

/// An advert that is heard after its phone has given up.
#[tokio::test]
async fn the_relay_knows_no_such_tunnel() {
    let result = play(async |uri, _, air| {
        let viewer = crate::phone::Viewer::scan(uri);
        air.advertise(viewer.service_data());
    })
    .await;
    assert!(
        matches!(result, Err(LaptopError::TunnelRefused { status: 404, .. })),
        "{result:?}"
    );
}
