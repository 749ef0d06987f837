//! What is logged, what is not, and what happens when nobody reads it.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};

use futures_util::SinkExt as _;
use rustix::process::Signal;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;

use crate::certificate::Authority;
use crate::client::{ID, deliver, plain_get, tls_over, upgrade};
use crate::program::{Program, command, run};

/// Nothing else on this machine has this address, and no port or time looks like it.
const CLIENT: &str = "127.77.66.55";
const TOLD: &str = "192.0.2.177";
const PAYLOAD: &[u8] = b"a payload that nobody may ever see";

/// Signs in from an address of its own, and does about everything that is refused.
async fn visit(relay: &Program) {
    let connect = || async {
        let socket = TcpSocket::new_v4().unwrap();
        socket
            .bind(SocketAddr::new(CLIENT.parse().unwrap(), 0))
            .unwrap();
        socket.connect(relay.address()).await.unwrap()
    };
    let mut phone = upgrade(connect().await, &format!("/cable/new/{ID}"))
        .await
        .unwrap();
    let path = format!("/cable/connect/000000/{ID}");
    let mut laptop = upgrade(connect().await, &path).await.unwrap();
    deliver(&mut phone, &mut laptop, PAYLOAD.to_vec()).await;
    for path in [
        format!("/cable/new/{ID}0"),
        path,
        format!("/cable/contact/{ID}"),
    ] {
        assert!(upgrade(connect().await, &path).await.is_err());
    }
    let text = String::from_utf8(PAYLOAD.to_vec()).unwrap();
    let _ = phone.send(text.into()).await;
    let mut told = TcpStream::connect(relay.address()).unwrap();
    write!(
        told,
        "GET /{ID} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {TOLD}\r\n\r\n"
    )
    .unwrap();
    plain_get(relay.address(), "/");
    relay.metric_becomes("hawser_relay_tunnels{state=\"paired\"}", |paired| {
        paired < 0.5
    });
}

#[tokio::test]
async fn no_level_shows_addresses_ids_or_payloads_and_info_is_quiet_about_clients() {
    for (level, format) in [
        ("info", "pretty"),
        ("info", "json"),
        ("trace", "pretty"),
        ("trace", "json"),
    ] {
        let mut relay = Program::start(&[
            "--log-level",
            level,
            "--log-format",
            format,
            "--trusted-proxies=127.0.0.1",
            "--client-address-from=x-forwarded-for",
        ]);
        relay.address();
        let before = relay.log().lines().count();
        visit(&relay).await;
        let quiet = relay.log().lines().count() == before;
        assert_eq!(quiet, level == "info", "{}", relay.log());
        relay.signal(Signal::TERM);
        relay.ended();
        relay.logged(&["stopped"]);
        let log = relay.log();
        for secret in [CLIENT, TOLD, ID, &ID.to_lowercase(), "nobody may ever see"] {
            assert!(!log.contains(secret), "{secret} at {level}: {log}");
        }
        for line in log.lines() {
            let json = serde_json::from_str::<serde_json::Value>(line);
            assert_eq!(json.is_ok(), format == "json", "{line}");
            if let Ok(line) = json {
                for field in ["timestamp", "level", "message"] {
                    assert!(line[field].is_string(), "{field} in {line}");
                }
            }
        }
    }
}

#[tokio::test]
async fn nor_does_the_most_talkative_level_with_tls() {
    let authority = Authority::new();
    let mut flags = authority.sign("relay", "relay.example").flags().to_vec();
    flags.extend(["--log-level=trace", "--log-format=json"].map(String::from));
    let mut relay = Program::start(&flags);
    let from = SocketAddr::new(CLIENT.parse().unwrap(), 0);
    let connect = || async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(from).unwrap();
        socket.connect(relay.address()).await.unwrap()
    };
    let trust = authority.client();
    let secure = || async {
        tls_over(connect().await, &trust, "relay.example")
            .await
            .unwrap()
    };
    let mut phone = upgrade(secure().await, &format!("/cable/new/{ID}"))
        .await
        .unwrap();
    let path = format!("/cable/connect/000000/{ID}");
    let mut laptop = upgrade(secure().await, &path).await.unwrap();
    deliver(&mut phone, &mut laptop, PAYLOAD.to_vec()).await;
    assert!(upgrade(secure().await, &path).await.is_err());
    // Not TLS at all.
    let mut plain = connect().await;
    plain.write_all(PAYLOAD).await.unwrap();
    let _ = plain.read_to_end(&mut Vec::new()).await;
    drop((phone, laptop));
    relay.metric_becomes("hawser_relay_tunnels{state=\"paired\"}", |paired| {
        paired < 0.5
    });
    relay.signal(Signal::TERM);
    relay.ended();
    relay.logged(&["stopped"]);
    let log = relay.log();
    assert!(log.lines().count() > 6, "{log}");
    for secret in [CLIENT, ID, &ID.to_lowercase(), "nobody may ever see"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

#[tokio::test]
async fn a_log_that_nobody_reads_holds_nothing_up_and_what_is_lost_is_counted() {
    let mut relay = Program::start_unread(&["--log-level=debug"]);
    let clients = relay.address();
    // Each makes a line, and the pipe and the queue together hold fewer.
    for _ in 0..4000 {
        let answer = plain_get(clients, "/nothing");
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    }
    let connect = || tokio::net::TcpStream::connect(clients);
    let mut phone = upgrade(connect().await.unwrap(), &format!("/cable/new/{ID}"))
        .await
        .unwrap();
    let path = format!("/cable/connect/000000/{ID}");
    let mut laptop = upgrade(connect().await.unwrap(), &path).await.unwrap();
    deliver(&mut phone, &mut laptop, vec![1; 500]).await;
    let dropped = relay.metric("hawser_relay_log_lines_dropped_total");
    assert!(dropped > 100.0, "{dropped}");
    // Not even its end waits for the reader.
    drop((phone, laptop));
    relay.signal(Signal::TERM);
    assert_eq!(relay.ended().code(), Some(0));
}

#[test]
fn a_program_that_cannot_start_says_why_in_its_log() {
    let ended = run(&mut command(&[
        "--listen=192.0.2.1:1",
        "--admin=off",
        "--log-format=json",
    ]));
    assert_eq!(ended.status.code(), Some(1));
    assert!(
        ended.stderr.contains("cannot listen on 192.0.2.1:1"),
        "{}",
        ended.stderr
    );
    assert!(ended.stderr.starts_with('{'), "{}", ended.stderr);
}
