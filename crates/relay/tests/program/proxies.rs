//! Clients behind load balancers.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use socket2::{Domain, Socket, Type};

use crate::certificate::Authority;
use crate::program::Program;

/// A connection from one of this machine's many loopback addresses.
fn connect_from(source: &str, relay: &Program) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let source = SocketAddr::new(source.parse().unwrap(), 0);
    socket.bind(&source.into()).unwrap();
    socket.connect(&relay.address().into()).unwrap();
    socket.into()
}

/// The status of a phone's request with something in front and a field in it; 0 when the relay hangs
/// up instead. The connection stays open.
fn open(stream: &mut TcpStream, front: &[u8], field: &str, n: u8) -> u16 {
    let request = format!(
        "GET /cable/new/{n:032X} HTTP/1.1\r\nHost: relay\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{field}\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: fido.cable\r\n\r\n"
    );
    stream
        .write_all(&[front, request.as_bytes()].concat())
        .unwrap();
    let mut answer = [0; 12];
    match stream.read_exact(&mut answer) {
        Ok(()) => std::str::from_utf8(&answer[9..]).unwrap().parse().unwrap(),
        Err(_) => 0,
    }
}

fn version_1(client: &str) -> Vec<u8> {
    format!("PROXY TCP4 {client} 127.0.0.1 4711 443\r\n").into_bytes()
}

fn version_2(client: [u8; 4]) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c".to_vec();
    header.extend(client);
    header.extend([127, 0, 0, 1, 0x12, 0x34, 1, 187]);
    header
}

#[test]
fn a_proxy_header_of_a_trusted_proxy_counts_and_anybody_elses_is_no_request() {
    let relay = Program::start(&[
        "--trusted-proxies=127.0.0.1/32",
        "--client-address-from=proxy-protocol",
        "--client-waiting-tunnels=1",
    ]);
    let mut held = Vec::new();
    for (n, header, expected) in [
        (1, version_1("192.0.2.1"), 101),
        (2, version_2([192, 0, 2, 1]), 429),
        (3, version_2([192, 0, 2, 2]), 101),
        (4, version_1("192.0.2.2"), 429),
        // The proxy speaks for itself, once.
        (5, b"PROXY UNKNOWN\r\n".to_vec(), 101),
        (6, b"PROXY UNKNOWN\r\n".to_vec(), 429),
        (7, b"".to_vec(), 0),
        (8, b"PROXY TCP4 here there 1 2\r\n".to_vec(), 0),
    ] {
        let mut stream = connect_from("127.0.0.1", &relay);
        assert_eq!(open(&mut stream, &header, "", n), expected, "request {n}");
        held.push(stream);
    }
    let mut stranger = connect_from("127.0.0.2", &relay);
    assert_eq!(open(&mut stranger, &version_1("192.0.2.9"), "", 9), 505);
    let mut direct = connect_from("127.0.0.2", &relay);
    assert_eq!(open(&mut direct, b"", "", 10), 101);
    for (told, count) in [("client", 4.0), ("nothing", 2.0), ("malformed", 2.0)] {
        let series = format!("hawser_relay_proxied_connections_total{{told=\"{told}\"}}");
        relay.metric_becomes(&series, |found| (found - count).abs() < 0.1);
    }
}

#[test]
fn connections_of_one_client_are_counted_over_all_proxies() {
    let relay = Program::start(&[
        "--trusted-proxies=127.0.0.0/24",
        "--client-address-from=proxy-protocol",
        "--client-connections=2",
    ]);
    let mut held = Vec::new();
    for (proxy, n, expected) in [
        ("127.0.0.1", 1, 101),
        ("127.0.0.2", 2, 101),
        ("127.0.0.3", 3, 0),
    ] {
        let mut stream = connect_from(proxy, &relay);
        assert_eq!(open(&mut stream, &version_1("192.0.2.1"), "", n), expected);
        held.push(stream);
    }
    let hits = "hawser_relay_limits_hit_total{limit=\"client_connections\"}";
    relay.metric_becomes(hits, |count| (count - 1.0).abs() < 0.1);
    // And those of one that comes by itself.
    for (n, expected) in [(4, 101), (5, 101), (6, 0)] {
        let mut stream = connect_from("127.0.1.1", &relay);
        assert_eq!(open(&mut stream, b"", "", n), expected);
        held.push(stream);
    }
    relay.metric_becomes(hits, |count| (count - 2.0).abs() < 0.1);
}

#[test]
fn a_field_of_a_trusted_proxy_counts_and_anybody_elses_does_not() {
    for (source, field) in [
        ("x-forwarded-for", "X-Forwarded-For: 198.51.100.1, "),
        ("forwarded", "Forwarded: for=198.51.100.1, for="),
    ] {
        let source = format!("--client-address-from={source}");
        let relay = Program::start(&[
            "--trusted-proxies=127.0.0.1",
            &source,
            "--client-waiting-tunnels=1",
        ]);
        let mut held = Vec::new();
        for (n, proxy, client, expected) in [
            (1, "127.0.0.1", "192.0.2.1", 101),
            (2, "127.0.0.1", "192.0.2.1", 429),
            (3, "127.0.0.1", "192.0.2.2", 101),
            // A stranger's claim is ignored: it is counted by its own address.
            (4, "127.0.0.2", "192.0.2.3", 101),
            (5, "127.0.0.2", "192.0.2.4", 429),
        ] {
            let mut stream = connect_from(proxy, &relay);
            let field = format!("{field}{client}\r\n");
            assert_eq!(open(&mut stream, b"", &field, n), expected, "{source} {n}");
            held.push(stream);
        }
        // A connection too many of one client is refused, because only its request tells whose it is.
        let relay = Program::start(&[
            "--trusted-proxies=127.0.0.1",
            &source,
            "--client-connections=2",
        ]);
        for (n, expected) in [(1, 101), (2, 101), (3, 429)] {
            let mut stream = connect_from("127.0.0.1", &relay);
            let field = format!("{field}192.0.2.1\r\n");
            assert_eq!(open(&mut stream, b"", &field, n), expected);
            held.push(stream);
        }
        let series = "hawser_relay_requests_refused_total{reason=\"client_connections\"}";
        relay.metric_becomes(series, |refused| (refused - 1.0).abs() < 0.1);
    }
}

#[test]
fn a_refused_request_counts_against_the_client_that_it_names_as_far_as_it_can_be_read() {
    let flags = [
        "--trusted-proxies=127.0.0.1",
        "--client-address-from=x-forwarded-for",
        "--head-bytes=1KiB",
    ];
    let (relay, impatient) = (
        Program::start(&flags),
        Program::start(&[&flags[..], &["--head-time=50ms"]].concat()),
    );
    let answer = |relay: &Program, request: &str| {
        let mut stream = connect_from("127.0.0.1", relay);
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        String::from_utf8_lossy(&answer[9..]).into_owned()
    };
    let named = "Host: relay\r\nX-Forwarded-For: 192.0.2.1\r\n";
    let long = "y".repeat(1000);
    let many = "X: y\r\n".repeat(70);
    for (request, status) in [
        (
            format!("POST / HTTP/1.1\r\n{named}Content-Length: 5\r\n\r\n"),
            "400",
        ),
        (
            format!("GET / HTTP/1.1\r\n{named}Expect: 100-continue\r\n\r\n"),
            "417",
        ),
        (
            format!("GET / HTTP/1.1\r\n{named}Host: relay\r\n\r\n"),
            "400",
        ),
        (format!("GET / HTTP/1.0\r\n{named}\r\n"), "505"),
        // What cannot be read to its end.
        (format!("GET / HTTP/1.1\r\n{named}X: {long}\r\n"), "431"),
        (format!("GET / HTTP/1.1\r\n{named}{many}\r\n"), "431"),
        (format!("rubbish\r\n{named}\r\n"), "400"),
        // A health check.
        ("GET / HTTP/1.0\r\n\r\n".to_owned(), "505"),
    ] {
        assert_eq!(answer(&relay, &request), status, "{request}");
    }
    // And whoever passed that on does not pay for it: its own places are taken.
    let strict = Program::start(&[&flags[..], &["--client-connections=2"]].concat());
    let held = [1, 2].map(|n| {
        let mut stream = connect_from("127.0.0.1", &strict);
        assert_eq!(open(&mut stream, b"", "", n), 101);
        stream
    });
    for (request, status) in [
        (format!("GET / HTTP/1.1\r\n{named}{many}\r\n"), "431"),
        ("rubbish\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), "400"),
    ] {
        assert_eq!(answer(&strict, &request), status, "{request}");
    }
    drop(held);
    let unended = format!("GET / HTTP/1.1\r\n{named}");
    assert_eq!(answer(&impatient, &unended), "408");
    for (relay, told, count) in [
        (&relay, "client", 4.0),
        (&relay, "malformed", 3.0),
        (&relay, "nothing", 1.0),
        (&impatient, "timed_out", 1.0),
    ] {
        let series = format!("hawser_relay_proxied_connections_total{{told=\"{told}\"}}");
        relay.metric_becomes(&series, |found| (found - count).abs() < 0.1);
    }
}

#[test]
fn tls_comes_behind_the_proxy_header() {
    let authority = Authority::new();
    let mut flags = authority.sign("relay", "relay.example").flags().to_vec();
    flags.extend(
        [
            "--trusted-proxies=127.0.0.1",
            "--client-address-from=proxy-protocol",
        ]
        .map(str::to_owned),
    );
    let relay = Program::start(&flags);
    let mut stream = connect_from("127.0.0.1", &relay);
    stream.write_all(&version_2([192, 0, 2, 1])).unwrap();
    let host = rustls::pki_types::ServerName::try_from("relay.example").unwrap();
    let session = rustls::ClientConnection::new(authority.client(), host).unwrap();
    let mut tls = rustls::StreamOwned::new(session, stream);
    tls.write_all(b"GET / HTTP/1.1\r\nHost: relay\r\n\r\n")
        .unwrap();
    let mut answer = [0; 12];
    tls.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
}
