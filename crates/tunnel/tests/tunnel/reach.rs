//! Services that cannot be reached, and settings that cannot be used.

use std::io;

use hawser_tunnel::{DialStage, Dialer, DialerError, OpenError};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpSocket;

use crate::server::{ID, ROUTING, Service, domain};

#[tokio::test]
async fn a_name_without_an_address_is_told_apart() {
    // A label of 64 letters: the resolver refuses it without asking anybody.
    let host = "a".repeat(64);
    let dialer = Dialer::new().connect_to(&format!("{host}:443")).unwrap();
    let error = dialer.join(domain(), ROUTING, ID).await.unwrap_err();
    assert!(
        matches!(&error, OpenError::Resolve { host: found, .. } if *found == host),
        "{error:?}"
    );
    assert!(
        error.to_string().contains("cannot find the address"),
        "{error}"
    );
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_told_apart() {
    // Bound, so that nobody else gets the port, and not listening.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap().to_string();
    let dialer = Dialer::new().connect_to(&address).unwrap();
    let error = dialer.join(domain(), ROUTING, ID).await.unwrap_err();
    let OpenError::Connect { attempts, .. } = &error else {
        panic!("{error:?}")
    };
    let [tried] = attempts.failed.as_slice() else {
        panic!("{attempts:?}")
    };
    assert_eq!(tried.address.to_string(), address);
    assert_eq!(tried.error.kind(), io::ErrorKind::ConnectionRefused);
    assert!(error.to_string().contains(&address), "{error}");
}

#[tokio::test]
async fn plaintext_stays_on_this_machine_whatever_the_settings_add_up_to() {
    let dialer = Dialer::new()
        .tunnel_service("ws://127.0.0.1:80")
        .and_then(|dialer| dialer.connect_to("192.0.2.1:80"))
        .unwrap();
    let error = dialer.join(domain(), ROUTING, ID).await.unwrap_err();
    assert!(
        matches!(&error, OpenError::PlaintextNotLocal { host } if host == "192.0.2.1"),
        "{error:?}"
    );
}

#[tokio::test]
async fn plaintext_to_localhost_by_name_works() {
    let service = Service::start().await;
    let port = service.address().rsplit_once(':').unwrap().1.to_owned();
    let dialer = Dialer::new()
        .tunnel_service(&format!("ws://localhost:{port}"))
        .unwrap();
    let (result, _stream) = tokio::join!(dialer.join(domain(), ROUTING, ID), async {
        let connection = service.accept().await;
        assert_eq!(connection.header("Host"), [format!("localhost:{port}")]);
        connection.upgrade("").await
    });
    result.unwrap();
}

#[tokio::test]
async fn a_service_that_never_answers_in_tls_runs_into_the_limit() {
    let service = Service::start().await;
    let dialer = Dialer::new().connect_to(&service.address()).unwrap();
    let (result, _stream) = tokio::join!(dialer.join(domain(), ROUTING, ID), async {
        let mut stream = service.accept_tcp().await;
        stream.read_u8().await.unwrap();
        tokio::time::pause();
        stream
    });
    let error = result.unwrap_err();
    assert!(
        matches!(
            error,
            OpenError::TimedOut {
                stage: DialStage::Tls,
                ..
            }
        ),
        "{error:?}"
    );
}

#[test]
fn settings_say_what_is_wrong_with_them() {
    let error = Dialer::new()
        .tunnel_service("ws://relay.example:8080")
        .unwrap_err();
    assert!(
        matches!(error, DialerError::PlaintextNotLocal(_)),
        "{error:?}"
    );
    assert!(error.to_string().contains("use wss://"), "{error}");

    let error = Dialer::new().tunnel_service("relay.example").unwrap_err();
    assert!(matches!(error, DialerError::Url(_)), "{error:?}");

    let error = Dialer::new().connect_to("relay.example").unwrap_err();
    assert!(matches!(error, DialerError::Address(_)), "{error:?}");

    let error = Dialer::new().trust_pem(b"").unwrap_err();
    assert!(matches!(error, DialerError::NoCertificate), "{error:?}");

    let error = Dialer::new()
        .trust_pem(b"-----BEGIN CERTIFICATE-----\nAAAA\n")
        .unwrap_err();
    assert!(matches!(error, DialerError::Pem(_)), "{error:?}");

    let pem = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let error = Dialer::new().trust_pem(pem).unwrap_err();
    assert!(matches!(error, DialerError::Certificate(_)), "{error:?}");
}
