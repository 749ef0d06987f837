//! A client of the relay that can misbehave: it writes bytes and reads frames.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use hawser_relay::{Config, Relay};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

pub(crate) const ID: &str = "3EEF97097986413B059EAA2A30D653D4";

/// What the relay sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Received {
    Frame {
        is_final: bool,
        opcode: u8,
        payload: Vec<u8>,
    },
    Close {
        code: Option<u16>,
    },
    /// End of the stream.
    End,
}

pub(crate) struct Peer {
    io: DuplexStream,
    unread: Vec<u8>,
}

pub(crate) fn relay() -> Relay {
    Relay::new(Config::default()).unwrap()
}

pub(crate) fn relay_with(change: impl FnOnce(&mut Config)) -> Relay {
    let mut config = Config::default();
    change(&mut config);
    Relay::new(config).unwrap()
}

/// A connection whose pipe holds `room` bytes each way.
pub(crate) fn connect_with_room(relay: &Relay, room: usize) -> Peer {
    let (peer, served) = unserved(relay, room);
    tokio::spawn(served);
    peer
}

/// What serves a connection.
pub(crate) type Served = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The same, served only while the future is polled.
pub(crate) fn unserved(relay: &Relay, room: usize) -> (Peer, Served) {
    let (ours, theirs) = duplex(room);
    let relay = relay.clone();
    let peer = Peer {
        io: ours,
        unread: Vec::new(),
    };
    let served: Served = Box::pin(async move { relay.serve_io(theirs, None).await });
    (peer, served)
}

/// Does something while a connection is served, which must not end meanwhile.
pub(crate) async fn beside<T>(served: &mut Served, work: impl Future<Output = T>) -> T {
    tokio::select! {
        biased;
        done = work => done,
        () = served => panic!("the connection has ended"),
    }
}

pub(crate) fn connect(relay: &Relay) -> Peer {
    connect_with_room(relay, 256 * 1024)
}

pub(crate) fn upgrade(path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: relay\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: fido.cable\r\n\r\n"
    )
}

/// A phone that waits in the tunnel.
pub(crate) async fn phone(relay: &Relay) -> Peer {
    let mut phone = connect(relay);
    phone
        .write(upgrade(&format!("/cable/new/{ID}")).as_bytes())
        .await;
    assert_eq!(phone.answer().await.status, 101);
    phone
}

/// A laptop that has joined it.
pub(crate) async fn laptop(relay: &Relay) -> Peer {
    let mut laptop = connect(relay);
    laptop
        .write(upgrade(&format!("/cable/connect/000000/{ID}")).as_bytes())
        .await;
    assert_eq!(laptop.answer().await.status, 101);
    laptop
}

pub(crate) async fn pair(relay: &Relay) -> (Peer, Peer) {
    let phone = phone(relay).await;
    let laptop = laptop(relay).await;
    (phone, laptop)
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn fields(&self, name: &str) -> Vec<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .filter(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect()
    }
}

/// A frame as a client sends it.
pub(crate) fn frame(is_final: bool, opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![opcode | if is_final { 0x80 } else { 0 }];
    match payload.len() {
        len @ 0..=125 => bytes.push(0x80 | len as u8),
        len @ 126..=65535 => {
            bytes.push(0xFE);
            bytes.extend((len as u16).to_be_bytes());
        }
        len => {
            bytes.push(0xFF);
            bytes.extend((len as u64).to_be_bytes());
        }
    }
    let mask = [0x11, 0x22, 0x33, 0x44];
    bytes.extend(mask);
    bytes.extend(
        payload
            .iter()
            .zip(mask.into_iter().cycle())
            .map(|(byte, key)| byte ^ key),
    );
    bytes
}

pub(crate) fn message(payload: &[u8]) -> Vec<u8> {
    frame(true, 2, payload)
}

pub(crate) fn close(code: u16) -> Vec<u8> {
    frame(true, 8, &code.to_be_bytes())
}

pub(crate) fn binary(payload: &[u8]) -> Received {
    Received::Frame {
        is_final: true,
        opcode: 2,
        payload: payload.to_vec(),
    }
}

impl Peer {
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.io.write_all(bytes).await.unwrap();
    }

    /// Writes, unless the relay has hung up already.
    pub(crate) async fn try_write(&mut self, bytes: &[u8]) -> bool {
        self.io.write_all(bytes).await.is_ok()
    }

    pub(crate) async fn send(&mut self, payload: &[u8]) {
        self.write(&message(payload)).await;
    }

    /// The answer to the request, with everything up to the end of the stream unless it is 101.
    pub(crate) async fn answer(&mut self) -> Answer {
        let head_len = loop {
            if let Some(at) = self
                .unread
                .windows(4)
                .position(|bytes| bytes == b"\r\n\r\n")
            {
                break at + 4;
            }
            assert!(
                self.fill().await,
                "no answer: {:?}",
                String::from_utf8_lossy(&self.unread)
            );
        };
        let head = String::from_utf8(self.unread.drain(..head_len).collect()).unwrap();
        let status = head[9..12].parse().unwrap();
        let mut body = String::new();
        if status != 101 {
            while self.fill().await {}
            body = String::from_utf8(std::mem::take(&mut self.unread)).unwrap();
        }
        Answer { status, head, body }
    }

    /// The next frame from the relay.
    pub(crate) async fn receive(&mut self) -> Received {
        loop {
            if let Some((received, len)) = parse(&self.unread) {
                self.unread.drain(..len);
                return received;
            }
            if !self.fill().await {
                assert!(self.unread.is_empty(), "torn frame {:02x?}", self.unread);
                return Received::End;
            }
        }
    }

    /// The bytes up to the end of the stream.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        while self.fill().await {}
        std::mem::take(&mut self.unread)
    }

    /// Takes a little of what the relay sent, and does not look at it.
    pub(crate) async fn read_some(&mut self) {
        let mut buffer = [0; 100];
        assert!(within(self.io.read(&mut buffer)).await.unwrap() > 0);
    }

    async fn fill(&mut self) -> bool {
        let mut buffer = [0; 4096];
        let len = within(self.io.read(&mut buffer)).await.unwrap_or(0);
        self.unread.extend(&buffer[..len]);
        len > 0
    }
}

/// Fails the test instead of hanging. With the paused clock this takes no time.
pub(crate) async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_hours(1), work)
        .await
        .expect("nothing happened for an hour")
}

/// Lets every other task run until it waits.
pub(crate) async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

/// The first frame in `bytes` and its length. A server's frames are not masked.
fn parse(bytes: &[u8]) -> Option<(Received, usize)> {
    let (first, second) = (*bytes.first()?, *bytes.get(1)?);
    assert_eq!(second & 0x80, 0, "a server does not mask");
    let (len, at) = match second {
        126 => (
            usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().unwrap())),
            4,
        ),
        127 => (
            u64::from_be_bytes(bytes.get(2..10)?.try_into().unwrap()) as usize,
            10,
        ),
        len => (usize::from(len), 2),
    };
    let payload = bytes.get(at..at + len)?.to_vec();
    let received = match first & 0x0F {
        8 => Received::Close {
            code: payload.first_chunk().map(|code| u16::from_be_bytes(*code)),
        },
        opcode => Received::Frame {
            is_final: first & 0x80 != 0,
            opcode,
            payload,
        },
    };
    Some((received, at + len))
}
