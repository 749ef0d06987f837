//! TLS as clients meet it.

use std::sync::Arc;

use futures_util::{SinkExt as _, StreamExt as _};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, HandshakeKind};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::certificate::Authority;
use crate::client::{ID, deliver, tls, upgrade};
use crate::program::{Program, command, run};

type Peer = WebSocketStream<TlsStream<TcpStream>>;

/// A relay with a certificate, and what trusts it.
struct Service {
    relay: Program,
    authority: Authority,
    trust: Arc<ClientConfig>,
}

impl Service {
    fn start(flags: &[&str]) -> Self {
        let authority = Authority::new();
        let mut all = authority.sign("relay", "relay.example").flags().to_vec();
        all.extend(flags.iter().map(ToString::to_string));
        Self {
            relay: Program::start(&all),
            trust: authority.client(),
            authority,
        }
    }

    async fn connect(&self) -> std::io::Result<TlsStream<TcpStream>> {
        self.connect_with(&self.trust).await
    }

    async fn connect_with(
        &self,
        config: &Arc<ClientConfig>,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        tls(self.relay.address(), config, "relay.example").await
    }

    async fn phone(&self) -> Result<Peer, Error> {
        upgrade(self.connect().await?, &format!("/cable/new/{ID}")).await
    }

    async fn laptop(&self) -> Result<Peer, Error> {
        let path = format!("/cable/connect/000000/{ID}");
        upgrade(self.connect().await?, &path).await
    }

    /// How many handshakes ended like this, once it is so many.
    fn handshakes(&self, result: &str, count: f64) {
        let series = format!("hawser_relay_tls_handshakes_total{{result=\"{result}\"}}");
        self.relay
            .metric_becomes(&series, |found| (found - count).abs() < 0.1);
    }
}

#[tokio::test]
async fn a_tunnel_over_tls_carries_messages_of_every_size() {
    for threads in ["--threads=1", "--threads=3"] {
        let service = Service::start(&[threads]);
        let mut phone = service.phone().await.unwrap();
        // More laptops than threads, so that some tunnel crosses threads.
        for _ in 0..6 {
            let mut laptop = service.laptop().await.unwrap();
            for len in [1, 81, 16 * 1024, 60_000] {
                deliver(&mut phone, &mut laptop, vec![7; len]).await;
                deliver(&mut laptop, &mut phone, vec![9; len]).await;
            }
            drop((phone, laptop));
            phone = loop {
                if let Ok(phone) = service.phone().await {
                    break phone;
                }
            };
        }
    }
}

/// Megabytes, of which most are at the relay or before it when the tunnel ends.
#[tokio::test]
async fn everything_before_a_close_arrives_over_tls_and_tls_is_closed_behind_it() {
    for threads in ["--threads=1", "--threads=3"] {
        let service = Service::start(&[threads]);
        let mut phone = service.phone().await.unwrap();
        let mut laptop = service.laptop().await.unwrap();
        let sender = tokio::spawn(async move {
            for n in 0..60 {
                laptop.send(Message::binary(vec![n; 60_000])).await.unwrap();
            }
            laptop.close(None).await.unwrap();
            while laptop.next().await.is_some_and(|message| message.is_ok()) {}
            laptop.into_inner()
        });
        for n in 0..60 {
            let message = phone.next().await.unwrap().unwrap();
            assert!(message == Message::binary(vec![n; 60_000]), "message {n}");
        }
        let last = phone.next().await.unwrap().unwrap();
        assert!(last.is_close(), "{last}");
        while phone.next().await.is_some_and(|message| message.is_ok()) {}
        for mut stream in [phone.into_inner(), sender.await.unwrap()] {
            let end = stream.read(&mut [0]).await;
            assert_eq!(end.expect("TLS says itself that it ends"), 0);
        }
    }
}

/// A ticket would tie two sign-ins together for whoever watches. This client would use one.
#[tokio::test]
async fn both_versions_are_spoken_over_http1_and_no_session_is_resumed() {
    let service = Service::start(&[]);
    for version in [&TLS13, &TLS12] {
        let mut config = (*service.authority.client_of(&[version])).clone();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let config = Arc::new(config);
        for _ in 0..3 {
            let mut stream = service.connect_with(&config).await.unwrap();
            stream
                .write_all(b"GET / HTTP/1.1\r\nHost: relay\r\n\r\n")
                .await
                .unwrap();
            stream.read_to_end(&mut Vec::new()).await.unwrap();
            let (_, session) = stream.get_ref();
            assert_eq!(session.protocol_version(), Some(version.version));
            assert_eq!(session.alpn_protocol(), Some(&b"http/1.1"[..]));
            assert_eq!(session.handshake_kind(), Some(HandshakeKind::Full));
            assert_eq!(session.tls13_tickets_received(), 0);
        }
    }
}

/// The first message of a handshake, as bytes.
fn hello(trust: &Arc<ClientConfig>) -> Vec<u8> {
    let host = ServerName::try_from("relay.example").unwrap();
    let mut session = rustls::ClientConnection::new(Arc::clone(trust), host).unwrap();
    let mut hello = Vec::new();
    session.write_tls(&mut hello).unwrap();
    hello
}

#[tokio::test]
async fn a_client_hello_may_come_byte_by_byte() {
    let service = Service::start(&[]);
    let mut stream = TcpStream::connect(service.relay.address()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for byte in hello(&service.trust).chunks(1) {
        stream.write_all(byte).await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut answer = vec![0; 64];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer[0], 22, "a handshake record");
    assert_eq!(answer[5], 2, "a ServerHello");
}

#[tokio::test]
async fn handshakes_that_fail_are_counted_by_what_they_fail_at_and_others_served() {
    let service = Service::start(&[]);
    let mut h2 = (*service.trust).clone();
    h2.alpn_protocols = vec![b"h2".to_vec()];
    service.connect_with(&h2.into()).await.unwrap_err();
    service.handshakes("nothing_in_common", 1.0);

    let mut plain = TcpStream::connect(service.relay.address()).await.unwrap();
    plain
        .write_all(b"GET / HTTP/1.1\r\nHost: relay\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert_eq!(answer.first(), Some(&21), "a TLS alert");
    service.handshakes("not_tls", 1.0);

    let stranger = Authority::new().client();
    service.connect_with(&stranger).await.unwrap_err();
    service.handshakes("alert", 1.0);

    let mut leaves = TcpStream::connect(service.relay.address()).await.unwrap();
    leaves.write_all(&hello(&service.trust)).await.unwrap();
    drop(leaves);
    service.handshakes("lost", 1.0);

    // What should be encrypted is no cipher's.
    let record = [&[23, 3, 3, 0, 32][..], &[0; 32]].concat();
    let mut breaks = TcpStream::connect(service.relay.address()).await.unwrap();
    breaks
        .write_all(&[hello(&service.trust), record].concat())
        .await
        .unwrap();
    service.handshakes("violation", 1.0);

    let mut none = (*service.trust).clone();
    none.alpn_protocols = Vec::new();
    let stream = service.connect_with(&none.into()).await.unwrap();
    upgrade(stream, &format!("/cable/new/{ID}")).await.unwrap();
    service.handshakes("done", 1.0);
}

/// As openssl writes it, in the middle of what others write.
#[test]
fn a_key_may_be_of_sec_1_and_in_one_file_with_its_certificate() {
    let authority = Authority::new();
    let files = authority.sign("relay", "relay.example");
    let key = PrivateKeyDer::from_pem_file(&files.key).unwrap();
    // An ECPrivateKey (RFC 5915) of 32 bytes is the last part of PKCS #8.
    let start = [2, 1, 1, 4, 32];
    let der = key.secret_der();
    let at = der.windows(5).position(|bytes| bytes == start).unwrap();
    let text = data_encoding::BASE64.encode(&der[at - 2..]);
    let certificate = std::fs::read_to_string(&files.certificate).unwrap();
    let both = authority.folder.path().join("both");
    let content = format!(
        "{certificate}-----BEGIN EC PRIVATE KEY-----\n{text}\n-----END EC PRIVATE KEY-----\n"
    );
    std::fs::write(&both, content).unwrap();
    let both = both.display().to_string();
    let flags = ["--check-config", "--tls-cert", &both, "--tls-key", &both];
    let ended = run(&mut command(&flags));
    assert_eq!(ended.stderr, "");
    assert!(ended.stdout.contains("the certificate and its key fit"));
}

#[test]
fn pairs_that_cannot_be_used_are_refused_with_their_reason() {
    let authority = Authority::new();
    let good = authority.sign("good", "relay.example");
    let other = authority.sign("other", "relay.example");
    let text = authority.folder.path().join("text");
    std::fs::write(&text, "no PEM in here").unwrap();
    let missing = authority.folder.path().join("missing");
    for (certificate, key, expected) in [
        (&good.certificate, &other.key, "does not belong to"),
        (&missing, &good.key, "missing"),
        (&text, &good.key, "no PEM certificate"),
        (&good.certificate, &text, "no PEM private key"),
        (&good.certificate, &good.certificate, "no PEM private key"),
    ] {
        let [certificate, key] = [certificate, key].map(|path| path.display().to_string());
        let ended = run(&mut command(&[
            "--tls-cert",
            &certificate,
            "--tls-key",
            &key,
        ]));
        assert!(!ended.status.success());
        assert!(ended.stderr.contains(expected), "{}", ended.stderr);
    }
    let certificate = good.certificate.display().to_string();
    let ended = run(&mut command(&["--tls-cert", &certificate]));
    assert!(
        ended.stderr.contains("needs its private key"),
        "{}",
        ended.stderr
    );
}
