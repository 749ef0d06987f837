//! The cost of deciding on a request: `cargo bench -p hawser-relay --bench decide`.
#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

use criterion::{Criterion, criterion_group, criterion_main};
use hawser_relay::decide::{Conditions, decide};
use hawser_relay::request::RequestHead;
use httparse::{EMPTY_HEADER, Header};

/// What Chromium sends, except that its texts are shorter here.
const FIELDS: [(&str, &str); 13] = [
    ("Host", "cable.example"),
    ("Connection", "Upgrade"),
    ("Pragma", "no-cache"),
    ("Cache-Control", "no-cache"),
    (
        "User-Agent",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
    ),
    ("Upgrade", "websocket"),
    ("Origin", "wss://cable.example"),
    ("Sec-WebSocket-Version", "13"),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ("Accept-Language", "en-GB,en;q=0.9"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    (
        "Sec-WebSocket-Extensions",
        "permessage-deflate; client_max_window_bits",
    ),
    ("Sec-WebSocket-Protocol", "fido.cable"),
];

fn decisions(c: &mut Criterion) {
    let conditions = Conditions {
        draining: false,
        full: false,
        routing_id: "000000".parse().unwrap(),
    };
    let mut fields = [EMPTY_HEADER; FIELDS.len()];
    for (field, (name, value)) in fields.iter_mut().zip(FIELDS) {
        *field = Header {
            name,
            value: value.as_bytes(),
        };
    }
    let mut group = c.benchmark_group("decide");
    for (name, target) in [
        ("open", "/cable/new/3EEF97097986413B059EAA2A30D653D4"),
        (
            "join",
            "/cable/connect/000000/3EEF97097986413B059EAA2A30D653D4",
        ),
        ("not found", "/favicon.ico"),
    ] {
        let head = RequestHead {
            method: "GET",
            target,
            fields: &fields,
        };
        group.bench_function(name, |b| {
            b.iter(|| decide(std::hint::black_box(&head), conditions));
        });
    }
}

criterion_group!(benches, decisions);
criterion_main!(benches);
