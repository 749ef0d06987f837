//! Our laptop against tunnel services that misbehave, and our relay against clients that do: typed errors, and nobody hangs.
#![expect(clippy::expect_used, reason = "a test may panic")]

mod clients;
mod service;

use hawser_laptop::{LaptopError, Stage};
use hawser_tunnel::MAX_MESSAGE_LEN;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};

use service::{Behaviour, REPLY, laptop_against};

/// Does nothing in particular; each row changes one thing.
fn good() -> Behaviour {
    Behaviour::default()
}

#[tokio::test]
async fn a_service_that_behaves() {
    assert_eq!(laptop_against(good()).await.expect("a reply"), REPLY);
}

#[tokio::test]
async fn a_status_other_than_101() {
    for wanted in [302, 403, 404, 410, 500] {
        let mut service = good();
        service.status = wanted;
        match laptop_against(service).await {
            Err(LaptopError::TunnelRefused { status, .. }) => assert_eq!(status, wanted),
            other => panic!("{wanted}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_101_without_the_right_sub_protocol() {
    for protocol in [None, Some("chat")] {
        let mut service = good();
        service.protocol = protocol;
        let result = laptop_against(service).await;
        let refused = matches!(result, Err(LaptopError::TunnelUnreachable { .. }));
        assert!(refused, "{protocol:?}: {result:?}");
    }
}

/// Chromium offers compression and takes it. We do not offer it, so nobody may accept it.
#[tokio::test]
async fn an_extension_that_nobody_offered() {
    let mut service = good();
    service.headers = "Sec-WebSocket-Extensions: permessage-deflate\r\n".to_owned();
    let result = laptop_against(service).await;
    let refused = matches!(result, Err(LaptopError::TunnelUnreachable { .. }));
    assert!(refused, "{result:?}");
}

#[tokio::test]
async fn headers_that_mean_nothing_here() {
    let mut service = good();
    let more = (0..20).map(|n| format!("x-header-{n}: {n}\r\n"));
    let more: Vec<String> = more.collect();
    service.headers = format!("x-cable-routing-id: 0a0b0c\r\n{}", more.concat());
    assert_eq!(laptop_against(service).await.expect("a reply"), REPLY);
}

#[tokio::test]
async fn a_message_in_fragments_with_a_ping_in_between() {
    let mut service = good();
    service.fragmented = true;
    assert_eq!(laptop_against(service).await.expect("a reply"), REPLY);
}

#[tokio::test]
async fn a_ping_or_a_pong_before_anything_else() {
    for first in [Message::Ping(vec![1].into()), Message::Pong(vec![2].into())] {
        let mut service = good();
        service.first = Some(first);
        assert_eq!(laptop_against(service).await.expect("a reply"), REPLY);
    }
}

#[tokio::test]
async fn a_text_message() {
    let mut service = good();
    service.first = Some(Message::text("hello"));
    let result = laptop_against(service).await;
    assert!(matches!(result, Err(LaptopError::Tunnel(_))), "{result:?}");
}

#[tokio::test]
async fn closed_before_the_handshake() {
    for code in [1000, 1001, 1011] {
        let mut service = good();
        service.first = Some(close(code));
        let result = laptop_against(service).await;
        let stage = Stage::Securing;
        let lost = matches!(result, Err(LaptopError::PhoneLost { stage: at, .. }) if at == stage);
        assert!(lost, "{code}: {result:?}");
    }
}

#[tokio::test]
async fn closed_instead_of_the_reply() {
    for code in [1000, 4000] {
        let mut service = good();
        service.instead_of_reply = Some(close(code));
        let result = laptop_against(service).await;
        let stage = Stage::Approving;
        let lost = matches!(result, Err(LaptopError::PhoneLost { stage: at, .. }) if at == stage);
        assert!(lost, "{code}: {result:?}");
    }
}

#[tokio::test]
async fn dropped_after_noise() {
    let mut service = good();
    service.drops = true;
    let result = laptop_against(service).await;
    let stage = Stage::Approving;
    let lost = matches!(result, Err(LaptopError::PhoneLost { stage: at, .. }) if at == stage);
    assert!(lost, "{result:?}");
}

/// The signal is for laptops that came by `/cable/contact`. Chromium takes it on `/cable/connect` as well and fails without it;
/// we did not ask for it: a promise is ignored, and the signal itself is no handshake.
#[tokio::test]
async fn a_signal_that_nobody_asked_for() {
    let mut service = good();
    service.headers = "X-caBLE-Signal-Connection: true\r\n".to_owned();
    assert_eq!(laptop_against(service).await.expect("a reply"), REPLY);

    let mut service = good();
    service.first = Some(Message::binary(vec![0]));
    let result = laptop_against(service).await;
    assert!(
        matches!(result, Err(LaptopError::Handshake(_))),
        "{result:?}"
    );
}

#[tokio::test]
async fn junk_before_the_phones_first_message() {
    let mut service = good();
    service.first = Some(Message::binary(vec![7; 81]));
    let result = laptop_against(service).await;
    assert!(
        matches!(result, Err(LaptopError::Handshake(_))),
        "{result:?}"
    );
}

#[tokio::test]
async fn junk_instead_of_the_reply() {
    let mut service = good();
    service.instead_of_reply = Some(Message::binary(vec![7; 64 * 1024]));
    let result = laptop_against(service).await;
    assert!(
        matches!(result, Err(LaptopError::Protocol(_))),
        "{result:?}"
    );
}

#[tokio::test]
async fn a_message_that_is_a_byte_too_long() {
    let mut service = good();
    service.instead_of_reply = Some(Message::binary(vec![7; MAX_MESSAGE_LEN + 1]));
    let result = laptop_against(service).await;
    assert!(matches!(result, Err(LaptopError::Tunnel(_))), "{result:?}");
}

fn close(code: u16) -> Message {
    Message::Close(Some(CloseFrame {
        code: CloseCode::from(code),
        reason: "".into(),
    }))
}

/// The parts of a message, with a ping in between.
fn fragments(message: &[u8]) -> [Message; 3] {
    let (first, rest) = message.split_at(message.len() / 2);
    let frame = |data: &[u8], code, last| {
        Message::Frame(Frame::message(data.to_vec(), OpCode::Data(code), last))
    };
    [
        frame(first, Data::Binary, false),
        Message::Ping(vec![3].into()),
        frame(rest, Data::Continue, true),
    ]
}
