//! Several instances as programs: what their settings do.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};
use tempfile::TempDir;

use crate::program::{Program, command, run};

/// Addresses that the template makes, with one port that is free on all of them.
struct Ground {
    folder: TempDir,
    port: u16,
}

impl Ground {
    fn find() -> Self {
        let port = (0..100)
            .find_map(|_| {
                let first = TcpListener::bind("127.88.7.0:0").unwrap();
                let port = first.local_addr().unwrap().port();
                TcpListener::bind(("127.88.7.1", port)).ok().map(|_| port)
            })
            .expect("a port that is free twice");
        Self {
            folder: tempfile::tempdir().unwrap(),
            port,
        }
    }

    fn address(&self, slot: u8) -> SocketAddr {
        SocketAddr::from(([127, 88, 7, slot], self.port))
    }

    fn flags(&self, slot: u8, count: u8, secret: &str) -> Vec<String> {
        let key = self.folder.path().join(secret);
        let mut content = String::new();
        writeln!(content, "{secret:k<40}").unwrap();
        std::fs::write(&key, content).unwrap();
        vec![
            format!("--peer-template=127.88.7.{{slot}}:{}", self.port),
            format!("--peer-listen={}", self.address(slot)),
            format!("--peer-key-file={}", key.display()),
            format!("--peer-slot={slot}"),
            format!("--peer-count={count}"),
        ]
    }

    fn start(&self, slot: u8, count: u8, secret: &str) -> Program {
        Program::start(&self.flags(slot, count, secret))
    }
}

/// An answer's head, and the connection.
fn ask(relay: &Program, path: &str) -> (String, TcpStream) {
    let mut stream = TcpStream::connect(relay.address()).unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: relay\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: fido.cable\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    (String::from_utf8(head).unwrap(), stream)
}

/// A phone that waits, and its routing id.
fn open(relay: &Program, n: u8) -> (String, TcpStream) {
    let (head, stream) = ask(relay, &format!("/cable/new/{n:032X}"));
    let routing = head
        .lines()
        .find_map(|line| line.strip_prefix("X-caBLE-Routing-ID: "));
    (routing.unwrap().to_owned(), stream)
}

fn join(relay: &Program, routing: &str, n: u8) -> String {
    ask(relay, &format!("/cable/connect/{routing}/{n:032X}")).0[9..12].to_owned()
}

#[test]
fn instances_find_each_other_by_template_slot_and_key() {
    let ground = Ground::find();
    let relays = [0, 1].map(|slot| ground.start(slot, 2, "same"));
    for (owner, other) in [(0, 1), (1, 0)] {
        let (routing, _phone) = open(&relays[owner], 1);
        assert_eq!(
            routing[..3],
            format!("00{owner}"),
            "its slot is in the routing id"
        );
        assert_eq!(join(&relays[other], &routing, 1), "101");
    }
}

#[test]
fn an_instance_with_another_key_is_no_peer() {
    let ground = Ground::find();
    let (owner, stranger) = (ground.start(0, 2, "one"), ground.start(1, 2, "another"));
    let (routing, _phone) = open(&owner, 1);
    assert_eq!(join(&stranger, &routing, 1), "502");
}

#[test]
fn slots_beyond_the_count_are_never_dialled_nor_taken() {
    let ground = Ground::find();
    let outside = TcpListener::bind(ground.address(1)).unwrap();
    outside.set_nonblocking(true).unwrap();
    let relay = ground.start(0, 1, "same");
    assert_eq!(join(&relay, "001000", 1), "404");
    assert_eq!(
        outside.accept().unwrap_err().kind(),
        std::io::ErrorKind::WouldBlock
    );

    let ended = run(&mut command(&ground.flags(1, 1, "same")));
    assert!(
        ended.stderr.contains("beyond peer-count = 1"),
        "{}",
        ended.stderr
    );
}

#[test]
fn an_instance_that_cannot_be_reached_is_given_up_after_its_time() {
    let ground = Ground::find();
    // A listener whose queue is full drops what comes.
    let full = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    full.bind(&ground.address(1).into()).unwrap();
    full.listen(0).unwrap();
    let _queue: Vec<_> = (0..4)
        .map(|_| {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            socket.set_nonblocking(true).unwrap();
            let _ = socket.connect(&ground.address(1).into());
            socket
        })
        .collect();
    let mut flags = ground.flags(0, 2, "same");
    flags.push("--peer-connect-time=1500ms".into());
    let relay = Program::start(&flags);
    let start = Instant::now();
    assert_eq!(join(&relay, "001000", 1), "503");
    assert!(
        start.elapsed() >= Duration::from_millis(1500),
        "{:?}",
        start.elapsed()
    );
}
