//! A tunnel service that says whatever a test wants.

use hawser_tunnel::{Dialer, Tunnel};
use hawser_wire::{RoutingId, TunnelDomain, TunnelId};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

pub(crate) const ID: TunnelId = TunnelId::from_bytes([0xAB; 16]);
pub(crate) const ROUTING: RoutingId = RoutingId::from_bytes([0x0A, 0x0B, 0xFC]);

/// A domain whose name nobody looks up in these tests.
pub(crate) fn domain() -> TunnelDomain {
    TunnelDomain::from_id(0xF980).unwrap()
}

/// A listener on a free port.
pub(crate) struct Service {
    listener: TcpListener,
}

impl Service {
    pub(crate) async fn start() -> Self {
        Self {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
        }
    }

    pub(crate) fn address(&self) -> String {
        self.listener.local_addr().unwrap().to_string()
    }

    /// A dialer that finds this service in plaintext.
    pub(crate) fn dialer(&self) -> Dialer {
        Dialer::new()
            .tunnel_service(&format!("ws://{}", self.address()))
            .unwrap()
    }

    pub(crate) async fn accept_tcp(&self) -> TcpStream {
        self.listener.accept().await.unwrap().0
    }

    /// Accepts a connection and reads the request's head.
    pub(crate) async fn accept(&self) -> Connection<TcpStream> {
        Connection::read(self.accept_tcp().await).await
    }

    /// A tunnel that was joined in good order, and the service's end of it.
    pub(crate) async fn tunnel(&self) -> (Tunnel, TcpStream) {
        let dialer = self.dialer();
        let (tunnel, stream) = tokio::join!(dialer.join(domain(), ROUTING, ID), async {
            self.accept().await.upgrade("").await
        });
        (tunnel.unwrap(), stream)
    }
}

/// A connection whose request was read and not answered.
pub(crate) struct Connection<S> {
    pub(crate) stream: S,
    head: String,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(crate) async fn read(mut stream: S) -> Self {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        Self {
            stream,
            head: String::from_utf8(head).unwrap(),
        }
    }

    pub(crate) fn request_line(&self) -> &str {
        self.head.lines().next().unwrap()
    }

    /// Every value of a header.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .filter(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect()
    }

    /// What the answer to this request must prove (RFC 6455 §4.2.2).
    pub(crate) fn accept_key(&self) -> String {
        derive_accept_key(self.header("Sec-WebSocket-Key").concat().as_bytes())
    }

    /// Writes an answer as it is.
    pub(crate) async fn answer(mut self, bytes: impl AsRef<[u8]>) -> S {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
        self.stream
    }

    /// Answers 101 with the sub-protocol and further header lines.
    pub(crate) async fn upgrade(self, more: &str) -> S {
        let headers = format!("Sec-WebSocket-Protocol: fido.cable\r\n{more}");
        self.switch(&headers).await
    }

    /// Answers 101 with these header lines only.
    pub(crate) async fn switch(self, headers: &str) -> S {
        let accept = self.accept_key();
        self.answer(format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\n{headers}\r\n"
        ))
        .await
    }
}

/// The service's end as a WebSocket in good order.
pub(crate) async fn websocket<S>(stream: S) -> WebSocketStream<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    WebSocketStream::from_raw_socket(stream, Role::Server, None).await
}

pub(crate) const CONTINUATION: u8 = 0x0;
pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BINARY: u8 = 0x2;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
pub(crate) const PONG: u8 = 0xA;

/// A frame that is a whole message.
pub(crate) fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    raw_frame(0x80 | opcode, payload)
}

/// A frame of a message that goes on.
pub(crate) fn part(opcode: u8, payload: &[u8]) -> Vec<u8> {
    raw_frame(opcode, payload)
}

/// An unmasked frame, as servers send them (RFC 6455 §5.2), with any first byte.
pub(crate) fn raw_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(len @ ..=125), _) => frame.push(len),
        (_, Ok(len)) => {
            frame.push(126);
            frame.extend(len.to_be_bytes());
        }
        _ => {
            frame.push(127);
            frame.extend(u64::try_from(payload.len()).unwrap().to_be_bytes());
        }
    }
    frame.extend(payload);
    frame
}

/// A close frame's payload.
pub(crate) fn closing(code: u16, reason: &str) -> Vec<u8> {
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend(reason.as_bytes());
    payload
}
