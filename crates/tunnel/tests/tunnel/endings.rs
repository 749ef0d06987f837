//! How a tunnel ends.

use std::io;

use futures_util::StreamExt as _;
use hawser_tunnel::{CLOSE_LIMIT, TunnelError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::tungstenite::Message;

use crate::server::{BINARY, CLOSE, Service, closing, frame, websocket};

#[tokio::test]
async fn a_close_in_good_order_ends_the_messages() {
    for payload in [closing(1000, "done"), Vec::new()] {
        let service = Service::start().await;
        let (mut tunnel, mut stream) = service.tunnel().await;
        let bytes = [frame(BINARY, b"reply"), frame(CLOSE, &payload)].concat();
        stream.write_all(&bytes).await.unwrap();

        assert_eq!(tunnel.receive().await.unwrap().unwrap(), b"reply");
        assert_eq!(tunnel.receive().await.unwrap(), None);
        assert_eq!(tunnel.receive().await.unwrap(), None, "and so it stays");
        assert!(matches!(
            tunnel.send(vec![1]).await,
            Err(TunnelError::Ended)
        ));

        let answer = websocket(stream).await.next().await.unwrap().unwrap();
        assert!(answer.is_close(), "{answer:?}");
    }
}

#[tokio::test]
async fn another_code_is_an_error_with_its_reason() {
    for code in [1001, 1003, 1008, 1009, 1011, 4000] {
        let service = Service::start().await;
        let (mut tunnel, mut stream) = service.tunnel().await;
        stream
            .write_all(&frame(CLOSE, &closing(code, "why\u{1b}[2J")))
            .await
            .unwrap();

        let error = tunnel.receive().await.unwrap_err();
        let TunnelError::Closed {
            code: found,
            reason,
        } = &error
        else {
            panic!("{error:?}")
        };
        assert_eq!((*found, reason.as_str()), (code, "why\u{1b}[2J"));
        assert!(
            !error.to_string().contains('\u{1b}'),
            "a peer may not write to the terminal"
        );
        assert!(matches!(tunnel.receive().await, Err(TunnelError::Ended)));

        let answer = websocket(stream).await.next().await.unwrap().unwrap();
        let Message::Close(Some(answer)) = answer else {
            panic!("{answer:?}")
        };
        assert_eq!(u16::from(answer.code), code, "the code is echoed");
    }
}

#[tokio::test]
async fn a_connection_that_ends_without_a_close_frame_is_lost() {
    let service = Service::start().await;
    let (mut tunnel, mut stream) = service.tunnel().await;
    stream.write_all(&frame(BINARY, b"last")).await.unwrap();
    drop(stream);

    assert_eq!(tunnel.receive().await.unwrap().unwrap(), b"last");
    let error = tunnel.receive().await.unwrap_err();
    let TunnelError::Lost(source) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(source.kind(), io::ErrorKind::UnexpectedEof);
    assert!(matches!(tunnel.receive().await, Err(TunnelError::Ended)));
}

#[tokio::test]
async fn a_connection_that_ends_within_a_frame_is_lost() {
    let service = Service::start().await;
    let (mut tunnel, mut stream) = service.tunnel().await;
    stream
        .write_all(&frame(BINARY, b"half")[..4])
        .await
        .unwrap();
    drop(stream);
    assert!(matches!(tunnel.receive().await, Err(TunnelError::Lost(_))));
}

#[tokio::test]
async fn a_reset_connection_is_lost() {
    let service = Service::start().await;
    let (mut tunnel, stream) = service.tunnel().await;
    stream.set_zero_linger().unwrap();
    drop(stream);
    let error = tunnel.receive().await.unwrap_err();
    let TunnelError::Lost(source) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(source.kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn close_says_so_and_waits_for_the_answer() {
    let service = Service::start().await;
    let (mut tunnel, mut stream) = service.tunnel().await;
    tunnel.send(b"last".to_vec()).await.unwrap();
    // What was under way must not keep the answer from being seen.
    stream.write_all(&frame(BINARY, b"late")).await.unwrap();

    let ((), ()) = tokio::join!(tunnel.close(), async {
        let mut socket = websocket(stream).await;
        assert_eq!(
            socket.next().await.unwrap().unwrap(),
            Message::binary(b"last".to_vec())
        );
        let Message::Close(Some(frame)) = socket.next().await.unwrap().unwrap() else {
            panic!()
        };
        assert_eq!(u16::from(frame.code), 1000);
        // Time stands still from here on unless everybody waits for it: nobody may.
        tokio::time::pause();
        let before = tokio::time::Instant::now();
        assert!(
            socket.next().await.is_none(),
            "tungstenite has answered by itself"
        );
        assert_eq!(before.elapsed(), std::time::Duration::ZERO);
    });
}

#[tokio::test]
async fn close_does_not_wait_for_ever() {
    let service = Service::start().await;
    let (tunnel, mut stream) = service.tunnel().await;
    let closing = async {
        let before = tokio::time::Instant::now();
        tunnel.close().await;
        before.elapsed()
    };
    let (waited, _stream) = tokio::join!(closing, async {
        stream.read_u8().await.unwrap();
        tokio::time::pause();
        stream
    });
    assert!(waited >= CLOSE_LIMIT, "{waited:?}");
}
