//! Frames that the service sends, in good and in bad order.

use futures_util::{SinkExt as _, StreamExt as _};
use hawser_tunnel::{MAX_MESSAGE_LEN, Tunnel, TunnelError};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use crate::server::{
    BINARY, CONTINUATION, PING, PONG, Service, TEXT, frame, part, raw_frame, websocket,
};

/// Lets the service send `bytes` and the client receive one message of them.
async fn receive(tunnel: &mut Tunnel, stream: &mut TcpStream, bytes: &[u8]) -> ReceiveResult {
    let (received, sent) = tokio::join!(tunnel.receive(), stream.write_all(bytes));
    sent.unwrap();
    received
}

type ReceiveResult = Result<Option<Vec<u8>>, TunnelError>;

/// The next message that is not a ping, as the service sees it.
async fn next_close(stream: TcpStream) -> u16 {
    let mut socket = websocket(stream).await;
    match socket.next().await.unwrap().unwrap() {
        Message::Close(Some(frame)) => frame.code.into(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn messages_go_both_ways_whole_and_in_order() {
    let service = Service::start().await;
    let (mut tunnel, stream) = service.tunnel().await;
    let mut socket = websocket(stream).await;

    for len in [0, 1, 125, 126, 65_535, 65_536] {
        tunnel.send(vec![7; len]).await.unwrap();
        assert_eq!(
            socket.next().await.unwrap().unwrap(),
            Message::binary(vec![7; len])
        );
        socket.send(Message::binary(vec![8; len])).await.unwrap();
        assert_eq!(tunnel.receive().await.unwrap(), Some(vec![8; len]));
    }
}

#[tokio::test]
async fn the_longest_message_fits_both_ways() {
    let service = Service::start().await;
    let (mut tunnel, stream) = service.tunnel().await;
    let mut socket = websocket(stream).await;

    let (sent, received) = tokio::join!(tunnel.send(vec![7; MAX_MESSAGE_LEN]), socket.next());
    sent.unwrap();
    assert_eq!(received.unwrap().unwrap().len(), MAX_MESSAGE_LEN);

    let longest = Message::binary(vec![8; MAX_MESSAGE_LEN]);
    let (sent, received) = tokio::join!(socket.send(longest), tunnel.receive());
    sent.unwrap();
    assert_eq!(received.unwrap().unwrap(), vec![8; MAX_MESSAGE_LEN]);
}

#[tokio::test]
async fn a_byte_more_is_not_sent_and_the_tunnel_lives() {
    let service = Service::start().await;
    let (mut tunnel, stream) = service.tunnel().await;
    let error = tunnel.send(vec![7; MAX_MESSAGE_LEN + 1]).await.unwrap_err();
    assert!(matches!(error, TunnelError::SendTooLong { len } if len == MAX_MESSAGE_LEN + 1));

    tunnel.send(vec![1]).await.unwrap();
    let mut socket = websocket(stream).await;
    assert_eq!(
        socket.next().await.unwrap().unwrap(),
        Message::binary(vec![1])
    );
}

#[tokio::test]
async fn a_byte_more_is_not_received_and_ends_the_tunnel() {
    let service = Service::start().await;
    let (mut tunnel, mut stream) = service.tunnel().await;
    // The head of the frame is enough to know; a peer need not have the bytes to claim them.
    let head: Vec<u8> = frame(BINARY, &vec![0; MAX_MESSAGE_LEN + 1])[..10].to_vec();
    let error = receive(&mut tunnel, &mut stream, &head).await.unwrap_err();
    assert!(matches!(error, TunnelError::MessageTooBig), "{error:?}");
    assert_eq!(next_close(stream).await, 1009);
    assert!(matches!(tunnel.receive().await, Err(TunnelError::Ended)));
    assert!(matches!(
        tunnel.send(vec![1]).await,
        Err(TunnelError::Ended)
    ));
}

#[tokio::test]
async fn fragments_may_not_add_up_to_more_either() {
    let service = Service::start().await;
    let (mut tunnel, mut stream) = service.tunnel().await;
    let half = vec![0; MAX_MESSAGE_LEN / 2];
    let bytes = [
        part(BINARY, &half),
        part(CONTINUATION, &half),
        frame(CONTINUATION, &[0]),
    ]
    .concat();
    let error = receive(&mut tunnel, &mut stream, &bytes).await.unwrap_err();
    assert!(matches!(error, TunnelError::MessageTooBig), "{error:?}");
    assert_eq!(next_close(stream).await, 1009);
}

#[tokio::test]
async fn fragments_with_a_ping_in_between_are_one_message() {
    let service = Service::start().await;
    let (mut tunnel, mut stream) = service.tunnel().await;
    let bytes = [
        part(BINARY, b"one "),
        frame(PING, b"there?"),
        part(CONTINUATION, b"mess"),
        frame(CONTINUATION, b"age"),
    ]
    .concat();
    let message = receive(&mut tunnel, &mut stream, &bytes).await.unwrap();
    assert_eq!(message.unwrap(), b"one message");

    let mut socket = websocket(stream).await;
    assert_eq!(
        socket.next().await.unwrap().unwrap(),
        Message::Pong("there?".into())
    );
}

#[tokio::test]
async fn a_ping_before_any_data_is_answered() {
    let service = Service::start().await;
    let (mut tunnel, mut stream) = service.tunnel().await;
    stream.write_all(&frame(PING, b"early")).await.unwrap();
    let mut socket = websocket(stream).await;
    tokio::select! {
        message = tunnel.receive() => panic!("{message:?}"),
        answer = socket.next() => {
            assert_eq!(answer.unwrap().unwrap(), Message::Pong("early".into()));
        }
    }
}

#[tokio::test]
async fn a_pong_that_nobody_asked_for_is_ignored() {
    let service = Service::start().await;
    let (mut tunnel, mut stream) = service.tunnel().await;
    let bytes = [frame(PONG, b""), frame(BINARY, b"data")].concat();
    let message = receive(&mut tunnel, &mut stream, &bytes).await.unwrap();
    assert_eq!(message.unwrap(), b"data");
}

#[tokio::test]
async fn a_message_behind_the_answer_in_the_same_packet_is_not_lost() {
    let service = Service::start().await;
    let dialer = service.dialer();
    let (tunnel, _stream) = tokio::join!(
        dialer.join(
            crate::server::domain(),
            crate::server::ROUTING,
            crate::server::ID
        ),
        async {
            let connection = service.accept().await;
            let head = format!(
                "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                 Sec-WebSocket-Accept: {}\r\nSec-WebSocket-Protocol: fido.cable\r\n\r\n",
                connection.accept_key()
            );
            connection
                .answer([head.into_bytes(), frame(BINARY, b"early")].concat())
                .await
        }
    );
    assert_eq!(tunnel.unwrap().receive().await.unwrap().unwrap(), b"early");
}

#[tokio::test]
async fn a_text_message_ends_the_tunnel() {
    let service = Service::start().await;
    let (mut tunnel, mut stream) = service.tunnel().await;
    let error = receive(&mut tunnel, &mut stream, &frame(TEXT, b"hello"))
        .await
        .unwrap_err();
    assert!(matches!(error, TunnelError::TextMessage), "{error:?}");
    assert_eq!(next_close(stream).await, 1003);
    assert!(matches!(tunnel.receive().await, Err(TunnelError::Ended)));
    assert!(matches!(
        tunnel.send(vec![1]).await,
        Err(TunnelError::Ended)
    ));
}

#[tokio::test]
async fn frames_that_break_the_rfc_end_the_tunnel() {
    let masked = vec![0x82, 0x81, 1, 2, 3, 4, 5];
    for (name, bytes) in [
        (
            "compressed although nothing was agreed",
            raw_frame(0xC2, b"x"),
        ),
        ("masked by a server", masked),
        ("continues nothing", frame(CONTINUATION, b"x")),
        ("reserved opcode", frame(0x3, b"x")),
        ("ping in fragments", part(PING, b"x")),
        ("ping too long", frame(PING, &[0; 126])),
    ] {
        let service = Service::start().await;
        let (mut tunnel, mut stream) = service.tunnel().await;
        let error = receive(&mut tunnel, &mut stream, &bytes).await.unwrap_err();
        assert!(
            matches!(error, TunnelError::WebSocket(_)),
            "{name}: {error:?}"
        );
        assert_eq!(next_close(stream).await, 1002, "{name}");
    }
}

#[tokio::test]
async fn a_receive_that_is_dropped_loses_nothing() {
    let service = Service::start().await;
    let (mut tunnel, mut stream) = service.tunnel().await;
    let bytes = [
        part(BINARY, b"first "),
        frame(PING, b"p"),
        frame(CONTINUATION, b"half"),
    ]
    .concat();
    let (last, first) = bytes.split_last().unwrap();
    for byte in first {
        stream.write_all(&[*byte]).await.unwrap();
        tokio::select! {
            biased;
            message = tunnel.receive() => panic!("{message:?}"),
            () = tokio::task::yield_now() => {}
        }
    }
    let message = receive(&mut tunnel, &mut stream, &[*last]).await.unwrap();
    assert_eq!(message.unwrap(), b"first half");
}
