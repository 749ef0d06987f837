//! What the service sees of a request.

use hawser_tunnel::{Dialer, PhoneSignal, Tunnel};
use hawser_wire::ContactId;

use crate::server::{ID, ROUTING, Service, domain};

#[test]
fn a_tunnel_may_move_between_threads() {
    fn receive(tunnel: &mut Tunnel) -> impl Future + Send {
        tunnel.receive()
    }
    fn open(dialer: &Dialer) -> impl Future + Send {
        dialer.open(domain(), ID)
    }
    // That this compiles is the test.
    let _ = (receive, open);
}

#[tokio::test]
async fn open_asks_for_new_with_the_headers_of_a_browser() {
    let service = Service::start().await;
    let dialer = service.dialer();
    let (opened, _stream) = tokio::join!(dialer.open(domain(), ID), async {
        let connection = service.accept().await;
        assert_eq!(
            connection.request_line(),
            "GET /cable/new/ABABABABABABABABABABABABABABABAB HTTP/1.1"
        );
        assert_eq!(connection.header("Host"), [service.address()]);
        assert_eq!(connection.header("Origin"), ["ws://127.0.0.1"]);
        assert_eq!(connection.header("Sec-WebSocket-Protocol"), ["fido.cable"]);
        assert_eq!(connection.header("Sec-WebSocket-Version"), ["13"]);
        assert_eq!(connection.header("Upgrade"), ["websocket"]);
        assert_eq!(connection.header("Connection"), ["Upgrade"]);
        assert!(connection.header("Sec-WebSocket-Extensions").is_empty());
        assert!(connection.header("X-caBLE-Client-Payload").is_empty());
        connection.upgrade("X-caBLE-Routing-ID: 0a0BfC\r\n").await
    });
    assert_eq!(opened.unwrap().1, ROUTING);
}

#[tokio::test]
async fn join_asks_for_connect_and_ignores_further_headers() {
    let service = Service::start().await;
    let dialer = service.dialer();
    let more = "x-extra: junk\r\n".repeat(20);
    let (joined, _stream) = tokio::join!(dialer.join(domain(), ROUTING, ID), async {
        let connection = service.accept().await;
        assert_eq!(
            connection.request_line(),
            "GET /cable/connect/0A0BFC/ABABABABABABABABABABABABABABABAB HTTP/1.1"
        );
        connection
            .upgrade(&format!("x-cable-routing-id: junk\r\n{more}"))
            .await
    });
    joined.unwrap();
}

#[tokio::test]
async fn contact_sends_the_payload_and_asks_for_no_signal() {
    let service = Service::start().await;
    let dialer = service.dialer();
    let contact = ContactId::from_bytes([0xFB, 0xFF, 0xFE, 0x01]).unwrap();
    let (contacted, _stream) = tokio::join!(
        dialer.contact(domain(), &contact, &[0xA1, 0x01, 0x42, 0xCA]),
        async {
            let connection = service.accept().await;
            assert_eq!(
                connection.request_line(),
                "GET /cable/contact/-__-AQ HTTP/1.1"
            );
            assert_eq!(connection.header("X-caBLE-Client-Payload"), ["A10142CA"]);
            assert!(connection.header("X-caBLE-Signal-Connection").is_empty());
            connection.upgrade("").await
        }
    );
    contacted.unwrap();
}

#[tokio::test]
async fn the_signal_is_promised_only_when_the_answer_repeats_the_header() {
    let contact = ContactId::from_bytes([1]).unwrap();
    for (answer, expected) in [
        ("X-caBLE-Signal-Connection: true\r\n", PhoneSignal::Promised),
        ("", PhoneSignal::Unsupported),
    ] {
        let service = Service::start().await;
        let dialer = service.dialer();
        let (contacted, _stream) = tokio::join!(
            dialer.contact_with_signal(domain(), &contact, &[0xA0]),
            async {
                let connection = service.accept().await;
                assert_eq!(connection.header("X-caBLE-Signal-Connection"), ["true"]);
                connection.upgrade(answer).await
            }
        );
        assert_eq!(contacted.unwrap().1, expected);
    }
}
