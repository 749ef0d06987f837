//! Both ends of a tunnel, against any server, with every byte compared.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustls::pki_types::ServerName;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;

use crate::server::{Kind, Server};

/// The messages of a sign-in by length, the laptop's first.
const MESSAGES: [usize; 6] = [81, 81, 324, 500, 1100, 33];

const MASK: [u8; 4] = [0x11, 0x22, 0x33, 0x44];

trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

pub(crate) struct End(Box<dyn Stream>);

pub(crate) struct Tunnel {
    pub(crate) phone: End,
    pub(crate) laptop: End,
}

/// Frames to send, and what comes out at the other end.
pub(crate) struct Batch {
    pub(crate) sent: Vec<u8>,
    pub(crate) received: Vec<u8>,
}

impl Batch {
    /// The same message `count` times.
    pub(crate) fn new(kind: Kind, len: usize, count: usize) -> Self {
        let payload: Vec<u8> = (0..=u8::MAX).cycle().take(len).collect();
        let frame = frame(0x82, &payload);
        let out = match kind {
            Kind::Forwarder => frame.clone(),
            _ => [head(0x82, 0, len), payload].concat(),
        };
        Self {
            sent: frame.repeat(count),
            received: out.repeat(count),
        }
    }
}

impl End {
    pub(crate) async fn send(&mut self, batch: &Batch) {
        self.write(&batch.sent).await;
    }

    /// TLS may hold back what is not flushed.
    async fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
        self.0.flush().await.unwrap();
    }

    pub(crate) async fn receive(&mut self, batch: &Batch, buffer: &mut Vec<u8>) {
        buffer.resize(batch.received.len(), 0);
        self.0.read_exact(buffer).await.unwrap();
        assert!(*buffer == batch.received, "what arrives is what was sent");
    }

    async fn connect(server: &Server, new: bool, name: u64) -> Self {
        let [.., a, b] = name.to_be_bytes();
        let socket = TcpSocket::new_v4().unwrap();
        // Many source addresses, so that ports do not run out.
        socket.bind(([127, 1, a % 8, b.max(1)], 0).into()).unwrap();
        let tcp: TcpStream = socket.connect(server.address).await.unwrap();
        tcp.set_nodelay(true).unwrap();
        // No TIME_WAIT on closing.
        SockRef::from(&tcp)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
        let mut end = match &server.tls {
            None => Self(Box::new(tcp)),
            Some(config) => {
                let host = ServerName::try_from("relay.example").unwrap();
                let tls = TlsConnector::from(config.clone()).connect(host, tcp);
                Self(Box::new(tls.await.unwrap()))
            }
        };
        let stream = &mut end.0;
        if server.kind == Kind::Forwarder {
            let first = if new { 'N' } else { 'C' };
            let hello = format!("{first}{name:032X}");
            stream.write_all(hello.as_bytes()).await.unwrap();
            assert_eq!(stream.read_u8().await.unwrap(), b'K');
        } else {
            let path = if new { "new" } else { "connect/000000" };
            let request = format!(
                "GET /cable/{path}/{name:032X} HTTP/1.1\r\nHost: relay.example\r\n\
                 Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                 Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                 Sec-WebSocket-Protocol: fido.cable\r\n\r\n"
            );
            stream.write_all(request.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
            let mut answer = Vec::new();
            let mut buffer = [0; 512];
            while !answer.ends_with(b"\r\n\r\n") {
                let len = stream.read(&mut buffer).await.unwrap();
                let so_far = String::from_utf8_lossy(&answer);
                assert!(len > 0, "an answer, but: {so_far}");
                answer.extend(buffer.iter().take(len));
            }
            assert!(answer.starts_with(b"HTTP/1.1 101 "), "a tunnel");
        }
        end
    }

    async fn read_close(&mut self) {
        let mut head = [0; 2];
        self.0.read_exact(&mut head).await.unwrap();
        let [first, len] = head;
        assert_eq!(first, 0x88, "a close frame");
        let mut payload = vec![0; usize::from(len)];
        self.0.read_exact(&mut payload).await.unwrap();
    }
}

/// A phone that waits, under a name of its own.
pub(crate) async fn phone(server: &Server) -> (End, u64) {
    static NAME: AtomicU64 = AtomicU64::new(1);
    let name = NAME.fetch_add(1, Ordering::Relaxed);
    (End::connect(server, true, name).await, name)
}

pub(crate) async fn tunnel(server: &Server) -> Tunnel {
    let (phone, name) = phone(server).await;
    let laptop = End::connect(server, false, name).await;
    Tunnel { phone, laptop }
}

/// A sign-in up to its last message: two connections, six messages.
pub(crate) async fn sign_in(server: &Server, messages: &[Batch], buffer: &mut Vec<u8>) -> Tunnel {
    let mut tunnel = tunnel(server).await;
    for (n, batch) in messages.iter().enumerate() {
        let Tunnel { phone, laptop } = &mut tunnel;
        let (from, to) = if n % 2 == 0 {
            (laptop, phone)
        } else {
            (phone, laptop)
        };
        from.send(batch).await;
        to.receive(batch, buffer).await;
    }
    tunnel
}

impl Tunnel {
    /// Closes in good order, if the server knows of such a thing.
    pub(crate) async fn close(mut self, server: &Server) {
        if server.kind == Kind::Forwarder {
            return;
        }
        let close = frame(0x88, &1000_u16.to_be_bytes());
        self.laptop.write(&close).await;
        self.laptop.read_close().await;
        self.phone.read_close().await;
        self.phone.write(&close).await;
    }
}

pub(crate) fn sign_in_messages(kind: Kind) -> Vec<Batch> {
    MESSAGES.map(|len| Batch::new(kind, len, 1)).into()
}

fn head(first: u8, masked: u8, len: usize) -> Vec<u8> {
    match u16::try_from(len).unwrap() {
        short @ 0..=125 => vec![first, masked | u8::try_from(short).unwrap()],
        long => [&[first, masked | 0x7E][..], &long.to_be_bytes()].concat(),
    }
}

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = head(first, 0x80, payload.len());
    frame.extend(MASK);
    let mask = MASK.iter().cycle();
    frame.extend(payload.iter().zip(mask).map(|(byte, key)| byte ^ key));
    frame
}
