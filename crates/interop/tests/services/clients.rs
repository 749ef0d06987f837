//! Clients that misbehave, over real sockets and TLS, against our relay. `hawser-relay` has the whole list, over pipes.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use hawser_interop::authority::Authority;
use hawser_interop::rig::RelayUnderTest;
use hawser_relay::Config;
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

const HOST: &str = "relay.test";
const PATIENCE: Duration = Duration::from_secs(30);
const TUNNEL: &str = "0123456789ABCDEF0123456789ABCDEF";

type Client = TlsStream<TcpStream>;

struct World {
    relay: RelayUnderTest,
    connector: TlsConnector,
    _folder: TempDir,
}

impl World {
    fn start() -> Self {
        let folder = TempDir::with_prefix("hawser-clients-").expect("a folder");
        let authority = Authority::create(folder.path(), &[HOST.to_owned()]).expect("an authority");
        let relay = RelayUnderTest::start(&authority, Config::default(), None).expect("a relay");
        let mut roots = RootCertStore::empty();
        let ca = rustls::pki_types::CertificateDer::from_pem_file(&authority.ca).expect("a file");
        roots.add(ca).expect("a certificate");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self {
            relay,
            connector: TlsConnector::from(Arc::new(config)),
            _folder: folder,
        }
    }

    async fn tcp(&self) -> TcpStream {
        TcpStream::connect(self.relay.address())
            .await
            .expect("the relay")
    }

    async fn tls(&self) -> Client {
        let name = ServerName::try_from(HOST).expect("a name");
        let tcp = self.tcp().await;
        self.connector.connect(name, tcp).await.expect("TLS")
    }

    /// Sends a request and returns the status of its answer, with the connection.
    async fn ask(&self, path: &str, headers: &str) -> (u16, Client) {
        let mut client = self.tls().await;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{headers}\r\n");
        client
            .write_all(request.as_bytes())
            .await
            .expect("a request");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = timeout(PATIENCE, client.read_u8()).await;
            head.push(byte.expect("an answer in time").expect("an answer"));
        }
        let head = String::from_utf8(head).expect("text");
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        (status.expect("a status"), client)
    }

    async fn upgrade(&self, path: &str) -> WebSocketStream<Client> {
        let (status, client) = self.ask(path, UPGRADE).await;
        assert_eq!(status, 101, "{path}");
        WebSocketStream::from_raw_socket(client, Role::Client, None).await
    }

    /// A phone and a laptop with a tunnel.
    async fn pair(&self) -> (WebSocketStream<Client>, WebSocketStream<Client>) {
        let phone = self.upgrade(&format!("/cable/new/{TUNNEL}")).await;
        let laptop = self
            .upgrade(&format!("/cable/connect/000000/{TUNNEL}"))
            .await;
        (phone, laptop)
    }

    async fn nothing_stays(&self) {
        self.relay
            .empty_within(PATIENCE)
            .await
            .expect("an empty relay");
    }
}

const UPGRADE: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: fido.cable\r\n";

/// The code with which the relay closes.
async fn close_code(socket: &mut WebSocketStream<Client>) -> Option<u16> {
    loop {
        match timeout(PATIENCE, socket.next())
            .await
            .expect("an end in time")
        {
            Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code.into()),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return None,
        }
    }
}

#[tokio::test]
async fn requests_that_make_no_sense() {
    let world = World::start();
    let new = format!("/cable/new/{TUNNEL}");
    for (path, headers, expected) in [
        ("/cable/new/xyz", UPGRADE, 404),
        ("/elsewhere", UPGRADE, 404),
        (new.as_str(), "", 400),
        (new.as_str(), "Connection: Upgrade\r\nUpgrade: h2c\r\n", 400),
        (
            "/cable/connect/000000/0123456789ABCDEF0123456789ABCDEF",
            UPGRADE,
            404,
        ),
    ] {
        let (status, _) = world.ask(path, headers).await;
        assert_eq!(status, expected, "{path} {headers}");
    }
    world.nothing_stays().await;
}

#[tokio::test]
async fn a_second_phone_and_a_second_laptop() {
    let world = World::start();
    let new = format!("/cable/new/{TUNNEL}");
    let waiting = world.upgrade(&new).await;
    let (status, _) = world.ask(&new, UPGRADE).await;
    assert_eq!(status, 409);
    let connect = format!("/cable/connect/000000/{TUNNEL}");
    let laptop = world.upgrade(&connect).await;
    let (status, _) = world.ask(&connect, UPGRADE).await;
    assert_eq!(status, 404);
    drop((waiting, laptop));
    world.nothing_stays().await;
}

#[tokio::test]
async fn messages_that_a_relay_does_not_forward() {
    for (message, code) in [
        (Message::text("hello"), 1003),
        (Message::binary(vec![0; 64 * 1024 + 1]), 1009),
    ] {
        let world = World::start();
        let (mut phone, mut laptop) = world.pair().await;
        laptop.send(message).await.expect("a message");
        assert_eq!(close_code(&mut laptop).await, Some(code));
        assert_eq!(close_code(&mut phone).await, Some(code));
        drop((phone, laptop));
        world.nothing_stays().await;
    }
}

/// Frames of a client are masked (RFC 6455 §5.1).
#[tokio::test]
async fn a_frame_without_a_mask() {
    let world = World::start();
    let (mut phone, mut laptop) = world.pair().await;
    let raw = laptop.get_mut();
    raw.write_all(&[0x82, 0x01, 0x00]).await.expect("a frame");
    raw.flush().await.expect("a frame");
    assert_eq!(close_code(&mut laptop).await, Some(1002));
    close_code(&mut phone).await;
    drop((phone, laptop));
    world.nothing_stays().await;
}

#[tokio::test]
async fn connections_that_come_to_nothing() {
    let world = World::start();
    // Not TLS.
    let mut plain = world.tcp().await;
    plain
        .write_all(b"GET / HTTP/1.1\r\n\r\n")
        .await
        .expect("bytes");
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, plain.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "the relay hangs up");
    // A handshake that breaks off, a request that breaks off, and one that is none.
    let mut hello = world.tcp().await;
    hello.write_all(&[0x16, 0x03, 0x01]).await.expect("bytes");
    drop(hello);
    let mut half = world.tls().await;
    half.write_all(b"GET /cable/new/").await.expect("bytes");
    drop(half);
    let mut junk = world.tls().await;
    junk.write_all(&[0xff; 64]).await.expect("bytes");
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, junk.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "the relay hangs up");
    world.nothing_stays().await;
    assert_eq!(world.relay.opened(), 0);
}
