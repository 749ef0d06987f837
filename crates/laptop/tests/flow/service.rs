//! A tunnel service with a phone in the same chair: it can misbehave as neither a real service nor a
//! real phone would.

use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use hawser_tunnel::Dialer;
use hawser_wire::TunnelPath;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

pub(crate) struct Service {
    listener: TcpListener,
}

/// The service's end of a laptop's tunnel.
pub(crate) struct Line(WebSocketStream<TcpStream>);

/// A dialer for the service at `address`, whatever the domain.
pub(crate) fn dialer(address: SocketAddr) -> Dialer {
    Dialer::new()
        .tunnel_service(&format!("ws://{address}"))
        .unwrap()
}

impl Service {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { listener }
    }

    pub(crate) fn dialer(&self) -> Dialer {
        dialer(self.listener.local_addr().unwrap())
    }

    /// Lets the next laptop in.
    pub(crate) async fn accept(&self) -> (TunnelPath, Line) {
        let (socket, _) = self.listener.accept().await.unwrap();
        let mut path = None;
        #[expect(
            clippy::result_large_err,
            reason = "tungstenite's callback has this type"
        )]
        let upgrade = |request: &Request, mut response: Response| {
            path = request.uri().path().parse().ok();
            let headers = response.headers_mut();
            headers.insert(
                "sec-websocket-protocol",
                HeaderValue::from_static("fido.cable"),
            );
            Ok(response)
        };
        let socket = accept_hdr_async(socket, upgrade).await.unwrap();
        (path.unwrap(), Line(socket))
    }

    /// Turns the next laptop away.
    pub(crate) async fn refuse(&self, status: u16) {
        let (mut socket, _) = self.listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(socket.read_u8().await.unwrap());
        }
        let answer = format!("HTTP/1.1 {status} No\r\ncontent-length: 0\r\n\r\n");
        socket.write_all(answer.as_bytes()).await.unwrap();
    }

    /// Takes the next connection and never says a word.
    pub(crate) async fn ignore(&self) -> TcpStream {
        self.listener.accept().await.unwrap().0
    }
}

impl Line {
    pub(crate) async fn send(&mut self, message: Vec<u8>) {
        self.0.send(Message::binary(message)).await.unwrap();
    }

    pub(crate) async fn send_text(&mut self) {
        self.0.send(Message::text("hello")).await.unwrap();
    }

    /// A message that the laptop stops reading half way.
    pub(crate) async fn send_refused(&mut self, message: Vec<u8>) {
        let _ = self.0.send(Message::binary(message)).await;
        while self.receive().await.is_some() {}
    }

    /// The next message; `None` when the laptop has gone.
    pub(crate) async fn receive(&mut self) -> Option<Vec<u8>> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Binary(message))) => return Some(message.into()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// Hangs up in good order.
    pub(crate) async fn close(mut self) {
        self.0.close(None).await.unwrap();
        while self.receive().await.is_some() {}
    }
}
