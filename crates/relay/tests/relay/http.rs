//! Requests that a browser would not send.

use crate::client::{ID, binary, connect, pair, phone, relay, upgrade};

/// The status of the answer to a request, of which an honest pair on the same relay notices nothing.
async fn status(request: &str) -> u16 {
    let relay = relay();
    let (mut honest_phone, mut honest_laptop) = pair(&relay).await;
    let mut peer = connect(&relay);
    let _ = peer.try_write(request.as_bytes()).await;
    let answer = peer.answer().await;
    if answer.status != 101 {
        assert_eq!(answer.fields("connection"), ["close"]);
        assert_eq!(
            answer.fields("content-length"),
            [answer.body.len().to_string()]
        );
    }
    honest_laptop.send(b"meanwhile").await;
    assert_eq!(honest_phone.receive().await, binary(b"meanwhile"));
    answer.status
}

/// A good request with one text in it replaced.
async fn changed(from: &str, to: &str) -> u16 {
    let good = upgrade(&format!("/cable/new/{ID}"));
    assert!(good.contains(from), "{from}");
    status(&good.replace(from, to)).await
}

async fn with_field(field: &str) -> u16 {
    changed("Host: relay\r\n", &format!("Host: relay\r\n{field}\r\n")).await
}

#[tokio::test(start_paused = true)]
async fn paths() {
    let long = "A".repeat(8000);
    for (path, expected) in [
        (format!("/cable/new/{ID}"), 101),
        (format!("/cable/new/{}", ID.to_lowercase()), 101),
        (format!("/cable/new/{}", &ID[1..]), 404),
        (format!("/cable/new/{ID}0"), 404),
        (format!("/cable/new/{}G", &ID[1..]), 404),
        (format!("/cable/new/{ID}/"), 404),
        (format!("/cable/new/{ID}?x"), 404),
        (format!("/cable/new/%33{}", &ID[1..]), 404),
        (format!("/cable/new/{}", &ID.replace("3E", "%33E")), 404),
        (format!("/cable//new/{ID}"), 404),
        (format!("/cable/../cable/new/{ID}"), 404),
        (format!("/CABLE/new/{ID}"), 404),
        (format!("/cable/connect/00000/{ID}"), 404),
        (format!("/cable/connect/0000000/{ID}"), 404),
        (format!("/cable/connect/{ID}"), 404),
        ("/cable/contact/AAAA".into(), 404),
        ("/favicon.ico".into(), 404),
        (format!("/{long}"), 404),
        (format!("http://relay/cable/new/{ID}"), 101),
        (format!("http://relay/cable/new/{ID}?x"), 404),
        ("http://relay".into(), 200),
        ("*".into(), 400),
        ("relay:443".into(), 400),
        (String::new(), 400),
    ] {
        assert_eq!(status(&upgrade(&path)).await, expected, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn ids_of_every_wrong_length_and_alphabet() {
    let lengths = (0..=70).filter(|len| *len != 32);
    let mut ids: Vec<_> = lengths.map(|len| ("A".repeat(len), 404)).collect();
    let printable = ('!'..='~').chain(['\u{e9}', '\u{ff21}']).map(|c| (c, 404));
    // A version of HTTP should stand behind a blank.
    let others = [(' ', 505), ('\u{1}', 400), ('\u{7f}', 400)];
    for (wrong, expected) in printable.chain(others) {
        if !wrong.is_ascii_hexdigit() {
            ids.push((format!("{wrong}{}", &ID[1..]), expected));
            ids.push((format!("{}{wrong}", &ID[1..]), expected));
        }
    }
    for (id, expected) in ids {
        for path in [
            format!("/cable/new/{id}"),
            format!("/cable/connect/000000/{id}"),
        ] {
            assert_eq!(status(&upgrade(&path)).await, expected, "{path}");
        }
    }
    for len in (0..=12).filter(|len| *len != 6) {
        let path = format!("/cable/connect/{}/{ID}", "A".repeat(len));
        assert_eq!(status(&upgrade(&path)).await, 404, "{path}");
    }
    for routing in ["00000G", "%30000", "0x0000", "-00000", "00+000"] {
        let path = format!("/cable/connect/{routing}/{ID}");
        assert_eq!(status(&upgrade(&path)).await, 404, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_order_of_checks() {
    // Everything is wrong here; each step mends what was found.
    let mut request = "POST /nowhere HTTP/1.1\r\nHost: relay\r\n\r\n".to_owned();
    for (from, to, expected) in [
        ("", "", 405),
        ("POST", "GET", 404),
        (
            "/nowhere",
            "/cable/connect/000000/3EEF97097986413B059EAA2A30D653D4",
            400,
        ),
        (
            "\r\n\r\n",
            "\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            400,
        ),
        (
            "\r\n\r\n",
            "\r\nSec-WebSocket-Protocol: fido.cable\r\n\r\n",
            404,
        ),
    ] {
        request = request.replacen(from, to, 1);
        assert_eq!(status(&request).await, expected, "{request}");
    }
    let relay = relay();
    let _phone = phone(&relay).await;
    let mut laptop = connect(&relay);
    laptop.write(request.as_bytes()).await;
    assert_eq!(laptop.answer().await.status, 101);
}

#[tokio::test(start_paused = true)]
async fn handshake_fields() {
    assert_eq!(changed("Upgrade: websocket\r\n", "").await, 400);
    assert_eq!(changed("Upgrade: websocket", "Upgrade: h2c").await, 400);
    assert_eq!(changed("Connection: Upgrade\r\n", "").await, 400);
    assert_eq!(changed("Version: 13", "Version: 12").await, 400);
    assert_eq!(
        changed("Version: 13", "Version: 13\r\nSec-WebSocket-Version: 13").await,
        400
    );
    assert_eq!(changed("ub25jZQ==", "ub25jZQ=").await, 400);
    assert_eq!(changed("dGhlIHNhbXBsZSBub25jZQ==", "dGhl").await, 400);
    assert_eq!(
        changed("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQAA").await,
        400
    );
    let twice = "ub25jZQ==\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    assert_eq!(changed("ub25jZQ==", twice).await, 400);
    assert_eq!(changed("Protocol: fido.cable", "Protocol: chat").await, 400);
    assert_eq!(
        changed("Protocol: fido.cable", "Protocol: FIDO.cable").await,
        400
    );
    assert_eq!(
        changed("Sec-WebSocket-Protocol: fido.cable\r\n", "").await,
        400
    );
    assert_eq!(
        changed("Protocol: fido.cable", "Protocol: chat, fido.cable").await,
        101
    );
    assert_eq!(
        changed(
            "Protocol: fido.cable",
            "Protocol: chat\r\nSec-WebSocket-Protocol: fido.cable"
        )
        .await,
        101
    );
    assert_eq!(
        changed("Protocol: fido.cable", "Protocol: fido.cable, fido.cable").await,
        101
    );
    assert_eq!(
        changed("Protocol: fido.cable", "Protocol: fido.cable chat").await,
        400
    );
    assert_eq!(
        with_field("Sec-WebSocket-Extensions: permessage-deflate").await,
        101
    );
    assert_eq!(with_field("Origin: wss://elsewhere").await, 101);
}

#[tokio::test(start_paused = true)]
async fn http_that_smugglers_send() {
    assert_eq!(changed("HTTP/1.1", "HTTP/1.0").await, 505);
    assert_eq!(changed("HTTP/1.1", "HTTP/2.0").await, 505);
    assert_eq!(status("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await, 505);
    assert_eq!(changed("Host: relay\r\n", "").await, 400);
    assert_eq!(with_field("Host: other").await, 400);
    assert_eq!(with_field("Content-Length: 5").await, 400);
    assert_eq!(with_field("Content-Length: 0").await, 101);
    assert_eq!(with_field("Transfer-Encoding: chunked").await, 400);
    assert_eq!(
        with_field("Content-Length: 5\r\nTransfer-Encoding: chunked").await,
        400
    );
    assert_eq!(with_field("Expect: 100-continue").await, 417);
    assert_eq!(with_field("Bad Name: x").await, 400);
    assert_eq!(with_field(" folded: x").await, 400);
    assert_eq!(with_field("X: a\0b").await, 400);
    assert_eq!(changed("GET ", "GET  ").await, 400);
    // With the six of a handshake, as many fields as there may be, and one more.
    assert_eq!(with_field(&["X: y"; 58].join("\r\n")).await, 101);
    assert_eq!(with_field(&["X: y"; 59].join("\r\n")).await, 431);
    assert_eq!(with_field(&["X: y"; 500].join("\r\n")).await, 431);
    assert_eq!(with_field(&format!("X: {}", "y".repeat(9000))).await, 431);
    assert_eq!(status(&"G".repeat(8192)).await, 431);
    assert_eq!(
        status(&upgrade(&format!("/{}", "A".repeat(8192)))).await,
        431
    );
    assert_eq!(
        status("\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: relay\r\n\r\n").await,
        200
    );
}

#[tokio::test(start_paused = true)]
async fn a_head_may_have_exactly_its_limit() {
    let good = upgrade(&format!("/cable/new/{ID}"));
    let field = |len: usize| format!("Host: relay\r\nX: {}", "y".repeat(len));
    let room = 8192 - good.len() - "\r\nX: ".len();
    assert_eq!(changed("Host: relay", &field(room)).await, 101);
    assert_eq!(changed("Host: relay", &field(room + 1)).await, 431);
}

#[tokio::test(start_paused = true)]
async fn methods_and_the_page() {
    for method in ["POST", "HEAD", "OPTIONS", "CONNECT", "TRACE", "get"] {
        let relay = relay();
        let mut peer = connect(&relay);
        peer.write(format!("{method} / HTTP/1.1\r\nHost: relay\r\n\r\n").as_bytes())
            .await;
        let answer = peer.answer().await;
        assert_eq!(
            (answer.status, answer.fields("allow")),
            (405, vec!["GET"]),
            "{method}"
        );
    }
    let relay = relay();
    let mut peer = connect(&relay);
    peer.write(b"GET / HTTP/1.1\r\nHost: relay\r\n\r\n").await;
    let answer = peer.answer().await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("tunnel service"));
}
