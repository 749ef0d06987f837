//! TLS as clients meet it.

use futures_util::{SinkExt as _, StreamExt as _};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use crate::certificate::Authority;
use crate::client::{ID, deliver, tls, upgrade};
use crate::program::{Program, command, run};

#[tokio::test]
async fn a_tunnel_over_tls_carries_messages_of_every_size() {
    let authority = Authority::new();
    let files = authority.sign("relay", "relay.example");
    for threads in ["1", "3"] {
        let mut flags = files.flags().to_vec();
        flags.extend(["--threads".into(), threads.into()]);
        let relay = Program::start(&flags);
        let (address, config) = (relay.address(), authority.client());
        let stream = tls(address, &config, "relay.example").await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        let mut phone = upgrade(stream, &format!("/cable/new/{ID}")).await.unwrap();
        // More laptops than threads, so that some tunnel crosses threads.
        for _ in 0..6 {
            let stream = tls(address, &config, "relay.example").await.unwrap();
            let path = format!("/cable/connect/000000/{ID}");
            let mut laptop = upgrade(stream, &path).await.unwrap();
            for len in [1, 81, 16 * 1024, 60_000] {
                deliver(&mut phone, &mut laptop, vec![7; len]).await;
                deliver(&mut laptop, &mut phone, vec![9; len]).await;
            }
            drop((phone, laptop));
            phone = loop {
                let stream = tls(address, &config, "relay.example").await.unwrap();
                if let Ok(phone) = upgrade(stream, &format!("/cable/new/{ID}")).await {
                    break phone;
                }
            };
        }
    }
}

/// Megabytes, of which most are at the relay or before it when the tunnel ends.
#[tokio::test]
async fn everything_before_a_close_arrives_over_tls_and_tls_is_closed_behind_it() {
    let authority = Authority::new();
    let files = authority.sign("relay", "relay.example");
    for threads in ["1", "3"] {
        let mut flags = files.flags().to_vec();
        flags.extend(["--threads".into(), threads.into()]);
        let relay = Program::start(&flags);
        let (address, config) = (relay.address(), authority.client());
        let stream = tls(address, &config, "relay.example").await.unwrap();
        let mut phone = upgrade(stream, &format!("/cable/new/{ID}")).await.unwrap();
        let stream = tls(address, &config, "relay.example").await.unwrap();
        let path = format!("/cable/connect/000000/{ID}");
        let mut laptop = upgrade(stream, &path).await.unwrap();
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

#[tokio::test]
async fn a_client_hello_may_come_byte_by_byte() {
    let authority = Authority::new();
    let relay = Program::start(&authority.sign("relay", "relay.example").flags());
    let host = ServerName::try_from("relay.example").unwrap();
    let mut session = rustls::ClientConnection::new(authority.client(), host).unwrap();
    let mut hello = Vec::new();
    session.write_tls(&mut hello).unwrap();
    let mut stream = TcpStream::connect(relay.address()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for byte in hello.chunks(1) {
        stream.write_all(byte).await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut answer = vec![0; 64];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer[0], 22, "a handshake record");
    assert_eq!(answer[5], 2, "a ServerHello");
}

#[tokio::test]
async fn clients_that_ask_for_http2_only_or_speak_no_tls_are_turned_away_and_others_served() {
    let authority = Authority::new();
    let relay = Program::start(&authority.sign("relay", "relay.example").flags());
    let mut h2 = (*authority.client()).clone();
    h2.alpn_protocols = vec![b"h2".to_vec()];
    assert!(
        tls(relay.address(), &h2.into(), "relay.example")
            .await
            .is_err()
    );

    let mut plain = TcpStream::connect(relay.address()).await.unwrap();
    plain
        .write_all(b"GET / HTTP/1.1\r\nHost: relay\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert_eq!(answer.first(), Some(&21), "a TLS alert");

    let mut none = (*authority.client()).clone();
    none.alpn_protocols = Vec::new();
    let stream = tls(relay.address(), &none.into(), "relay.example")
        .await
        .unwrap();
    upgrade(stream, &format!("/cable/new/{ID}")).await.unwrap();
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
