//! Answers that say 101, or nothing that HTTP knows.

use std::io;

use hawser_tunnel::{DialStage, OpenError};
use hawser_wire::IdError;

use crate::server::{Connection, ID, ROUTING, Service, domain};

type Answering = Connection<tokio::net::TcpStream>;

async fn join<T>(answer: impl AsyncFnOnce(Answering) -> T) -> OpenError {
    let service = Service::start().await;
    let dialer = service.dialer();
    let (result, _kept) = tokio::join!(dialer.join(domain(), ROUTING, ID), async {
        answer(service.accept().await).await
    });
    result.unwrap_err()
}

async fn open_with(headers: &[u8]) -> Result<(), OpenError> {
    let service = Service::start().await;
    let dialer = service.dialer();
    let (result, _stream) = tokio::join!(dialer.open(domain(), ID), async {
        use tokio::io::AsyncWriteExt as _;
        // Everything but the empty line first: some values are not UTF-8.
        let connection = service.accept().await;
        let accept = connection.accept_key();
        let mut stream = connection
            .answer(format!(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
                 Connection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\
                 Sec-WebSocket-Protocol: fido.cable\r\n"
            ))
            .await;
        stream.write_all(headers).await.unwrap();
        stream.write_all(b"\r\n").await.unwrap();
        stream
    });
    result.map(|(_, routing)| assert_eq!(routing, ROUTING))
}

#[tokio::test]
async fn the_routing_id_is_exactly_one_header_of_exactly_six_hex_digits() {
    open_with(b"X-caBLE-Routing-ID: 0A0BFC\r\n").await.unwrap();
    open_with(b"x-cable-routing-id: 0a0bfc\r\n").await.unwrap();

    let error = open_with(b"").await.unwrap_err();
    assert!(matches!(error, OpenError::RoutingIdMissing), "{error:?}");

    let error = open_with(b"X-caBLE-Routing-ID: 0A0BFC\r\nx-cable-routing-id: 0A0BFC\r\n").await;
    let error = error.unwrap_err();
    assert!(matches!(error, OpenError::RoutingIdRepeated), "{error:?}");

    for value in ["", "0A0BF", "0A0BFC0", "0A0BFC, 0A0BFC", "0x0A0B"] {
        let error = open_with(format!("X-caBLE-Routing-ID: {value}\r\n").as_bytes()).await;
        let error = error.unwrap_err();
        assert!(
            matches!(error, OpenError::RoutingIdMalformed(_)),
            "{value}: {error:?}"
        );
    }
    let error = open_with(b"X-caBLE-Routing-ID: 0A0B\xFC\xFC\r\n")
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            OpenError::RoutingIdMalformed(IdError::Alphabet { offset: 4, .. })
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_answer_without_the_sub_protocol_is_refused() {
    let error = join(async |connection: Answering| connection.switch("").await).await;
    assert!(matches!(error, OpenError::SubProtocolMissing), "{error:?}");
}

#[tokio::test]
async fn an_answer_with_another_sub_protocol_is_refused() {
    for headers in [
        "Sec-WebSocket-Protocol: chat\r\n",
        "Sec-WebSocket-Protocol: fido.cable, chat\r\n",
        "Sec-WebSocket-Protocol: fido.cable\r\nSec-WebSocket-Protocol: chat\r\n",
        "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: fido.cable\r\n",
    ] {
        let error = join(async |connection: Answering| connection.switch(headers).await).await;
        assert!(
            matches!(error, OpenError::SubProtocolWrong),
            "{headers}: {error:?}"
        );
    }
}

#[tokio::test]
async fn an_extension_that_nobody_offered_is_refused() {
    let error = join(async |connection: Answering| {
        connection
            .upgrade("Sec-WebSocket-Extensions: permessage-deflate\r\n")
            .await
    })
    .await;
    assert!(matches!(error, OpenError::Extension), "{error:?}");
}

#[tokio::test]
async fn a_malformed_upgrade_is_told_apart() {
    for answer in [
        "HTTP/1.1 101 X\r\n\r\n",
        "HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n",
        "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
         Sec-WebSocket-Protocol: fido.cable\r\n\r\n",
    ] {
        let error = join(async |connection: Answering| connection.answer(answer).await).await;
        assert!(
            matches!(error, OpenError::Upgrade(_)),
            "{answer}: {error:?}"
        );
    }
}

#[tokio::test]
async fn garbage_is_not_http() {
    for answer in [
        &b"SSH-2.0-OpenSSH_9.9\r\n"[..],
        b"\x15\x03\x03\x00\x02\x02\x46",
        b"HTTP/1.0 101 X\r\n\r\n",
        b"HTTP/1.1 one hundred and one\r\n\r\n",
    ] {
        let error = join(async |connection: Answering| connection.answer(answer).await).await;
        assert!(
            matches!(error, OpenError::NotHttp(_)),
            "{answer:?}: {error:?}"
        );
    }
}

#[tokio::test]
async fn an_endless_head_is_cut_off() {
    use tokio::io::AsyncWriteExt as _;

    let error = join(async |mut connection: Answering| {
        connection
            .stream
            .write_all(b"HTTP/1.1 101 X\r\nx: ")
            .await
            .unwrap();
        // Ends when the client hangs up.
        while connection.stream.write_all(&[b'a'; 4096]).await.is_ok() {}
    })
    .await;
    assert!(matches!(error, OpenError::Upgrade(_)), "{error:?}");
}

#[tokio::test]
async fn a_connection_that_ends_before_the_answer_is_lost() {
    let error = join(async |connection: Answering| drop(connection)).await;
    let OpenError::Lost(source) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(source.kind(), io::ErrorKind::UnexpectedEof);

    let error = join(async |connection: Answering| {
        connection.stream.set_zero_linger().unwrap();
        drop(connection);
    })
    .await;
    let OpenError::Lost(source) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(source.kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn an_answer_that_does_not_come_runs_into_the_limit() {
    let error = join(async |connection: Answering| {
        // The request is here, so all earlier stages are over; now time may fly.
        tokio::time::pause();
        connection
    })
    .await;
    let OpenError::TimedOut {
        stage: DialStage::Upgrade,
        limit,
    } = &error
    else {
        panic!("{error:?}");
    };
    assert_eq!(*limit, hawser_tunnel::DIAL_LIMIT);
    assert_eq!(
        error.to_string(),
        "gave up after 20 s waiting for the tunnel service's answer"
    );
}

#[tokio::test]
async fn a_slow_answer_within_the_limit_is_taken() {
    let service = Service::start().await;
    let dialer = service.dialer();
    let (result, _stream) = tokio::join!(dialer.join(domain(), ROUTING, ID), async {
        let connection = service.accept().await;
        tokio::time::pause();
        tokio::time::sleep(hawser_tunnel::DIAL_LIMIT / 2).await;
        tokio::time::resume();
        connection.upgrade("").await
    });
    result.unwrap();
}
