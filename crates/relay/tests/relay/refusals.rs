//! Every refusal: its status, its text, and its count.

use hawser_relay::Refusal;

use crate::client::{ID, connect, phone, relay, settle, upgrade};
use crate::metered::Metered;

/// Refusals whose count the test of a limit sees: `limits`, and `program::proxies` for the one of
/// connections that only their request tells apart.
const OF_LIMITS: [Refusal; 5] = [
    Refusal::HeadTimedOut,
    Refusal::Full,
    Refusal::ClientConnections,
    Refusal::ClientWaiting,
    Refusal::ClientRate,
];

/// A request for each of the others. A phone waits under the first id, and nobody under the second.
fn requests() -> Vec<(Refusal, String)> {
    let waiting = upgrade(&format!("/cable/new/{ID}"));
    let good = upgrade(&format!("/cable/new/{}", "0".repeat(32)));
    let field = |field: &str| good.replacen("\r\n", &format!("\r\n{field}\r\n"), 1);
    vec![
        (Refusal::Malformed, field("Bad Name: x")),
        (
            Refusal::HeadTooLarge,
            field(&format!("X: {}", "y".repeat(9000))),
        ),
        (
            Refusal::HttpVersion,
            good.replacen("HTTP/1.1", "HTTP/1.0", 1),
        ),
        (Refusal::Host, field("Host: other")),
        (Refusal::Body, field("Transfer-Encoding: chunked")),
        (Refusal::Expect, field("Expect: 100-continue")),
        (Refusal::Method, good.replacen("GET", "PUT", 1)),
        (Refusal::NotFound, upgrade("/favicon.ico")),
        (
            Refusal::NotWebSocket,
            good.replacen("Version: 13", "Version: 8", 1),
        ),
        (Refusal::Subprotocol, good.replacen("fido.cable", "chat", 1)),
        (Refusal::Taken, waiting),
        (
            Refusal::NoTunnel,
            upgrade(&format!("/cable/connect/000000/{}", "0".repeat(32))),
        ),
    ]
}

async fn is_refused(metered: &Metered, refusal: Refusal, request: &str) {
    let mut peer = connect(&metered.relay);
    let _ = peer.try_write(request.as_bytes()).await;
    let answer = peer.answer().await;
    let (status, phrase) = (refusal.status(), refusal.reason_phrase());
    let start = format!("HTTP/1.1 {status} {phrase}\r\n");
    assert!(answer.head.starts_with(&start), "{}", answer.head);
    assert_eq!(answer.body, format!("{}\n", refusal.text()));
    for (field, of, value) in [
        ("allow", Refusal::Method, "GET"),
        ("sec-websocket-version", Refusal::NotWebSocket, "13"),
    ] {
        let expected = if refusal == of { &[value][..] } else { &[] };
        assert_eq!(answer.fields(field), expected, "{refusal:?}");
    }
    let retry: Vec<_> = refusal.retry_after().iter().map(u8::to_string).collect();
    assert_eq!(answer.fields("retry-after"), retry, "{refusal:?}");
    let counts = metered.counts("hawser_relay_requests_refused_total");
    let expected = (format!("{{reason=\"{}\"}}", refusal.label()), 1);
    assert_eq!(Vec::from_iter(counts), [expected]);
}

#[tokio::test(start_paused = true)]
async fn each_is_told_and_counted_by_its_own_name() {
    let mut seen = OF_LIMITS.to_vec();
    for (refusal, request) in requests() {
        let metered = Metered::new(relay());
        let _phone = phone(&metered.relay).await;
        is_refused(&metered, refusal, &request).await;
        seen.push(refusal);
    }
    let metered = Metered::new(relay());
    let _phone = phone(&metered.relay).await;
    let listener = hawser_relay::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    tokio::spawn(metered.relay.clone().serve(listener, async {}));
    settle().await;
    let request = upgrade(&format!("/cable/new/{}", "0".repeat(32)));
    is_refused(&metered, Refusal::Draining, &request).await;
    seen.push(Refusal::Draining);

    for refusal in Refusal::ALL {
        let of_instances = refusal.label().starts_with("peer_");
        assert!(of_instances || seen.contains(refusal), "{refusal:?}");
    }
}
