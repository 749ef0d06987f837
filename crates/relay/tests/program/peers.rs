//! Several instances as programs: what their settings do.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};
use tempfile::TempDir;

use crate::program::{Program, command, run, wait_for};

/// Addresses that the template makes, with one port that is free on all of them.
struct Ground {
    folder: TempDir,
    /// What the addresses have in common. Another test's are others, so that none takes the port
    /// before a program has it.
    network: [u8; 3],
    port: u16,
}

fn own_network() -> [u8; 3] {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let number = std::process::id().wrapping_add(TAKEN.fetch_add(1 << 8, Ordering::Relaxed));
    let [low, high, ..] = number.to_le_bytes();
    [127, 64 | (high & 63), low]
}

impl Ground {
    fn find() -> Self {
        let network @ [a, b, c] = own_network();
        let port = (0..100)
            .find_map(|_| {
                let first = TcpListener::bind(SocketAddr::from(([a, b, c, 0], 0))).unwrap();
                let port = first.local_addr().unwrap().port();
                let second = TcpListener::bind(SocketAddr::from(([a, b, c, 1], port)));
                second.ok().map(|_| port)
            })
            .expect("a port that is free twice");
        Self {
            folder: tempfile::tempdir().unwrap(),
            network,
            port,
        }
    }

    fn address(&self, slot: u8) -> SocketAddr {
        let [a, b, c] = self.network;
        SocketAddr::from(([a, b, c, slot], self.port))
    }

    fn flags(&self, slot: u8, count: u8, secret: &str) -> Vec<String> {
        let [a, b, c] = self.network;
        let key = self.folder.path().join(secret);
        let mut content = String::new();
        writeln!(content, "{secret:k<40}").unwrap();
        std::fs::write(&key, content).unwrap();
        vec![
            format!("--peer-template={a}.{b}.{c}.{{slot}}:{}", self.port),
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

/// Both instances find each other's tunnels.
fn assert_peers(relays: &[Program; 2], n: u8) {
    for (owner, other) in [(0, 1), (1, 0)] {
        let (routing, _phone) = open(&relays[owner], n);
        assert_eq!(join(&relays[other], &routing, n), "101", "{owner}");
    }
}

#[test]
fn a_new_key_is_taken_without_a_restart_and_without_a_gap() {
    let ground = Ground::find();
    let relays = [0, 1].map(|slot: u8| {
        let mut flags = ground.flags(slot, 2, &format!("file-{slot}"));
        let key = ground.folder.path().join(format!("file-{slot}"));
        std::fs::write(key, "old".repeat(12)).unwrap();
        flags.push("--no-quotas".into());
        Program::start(&flags)
    });
    let series =
        |result: &str| format!("hawser_relay_peer_key_reloads_total{{result=\"{result}\"}}");
    // It may look by itself before it is told to, and then it looks twice.
    let write = |slot: usize, content: &str, result: &str, hup: bool| {
        let before = relays[slot].metric(&series(result));
        std::fs::write(ground.folder.path().join(format!("file-{slot}")), content).unwrap();
        if hup {
            relays[slot].signal(rustix::process::Signal::HUP);
        }
        relays[slot].metric_becomes(&series(result), |count| count > before + 0.5);
    };
    let (old, new) = ("old".repeat(12), "new".repeat(12));
    assert_peers(&relays, 1);
    for (step, content) in [
        format!("{old}\n{new}"),
        format!("{new}\n{old}"),
        new.clone(),
    ]
    .iter()
    .enumerate()
    {
        for slot in [0, 1] {
            // Once without being told: it looks every few seconds.
            write(slot, content, "done", step > 0);
            assert_peers(&relays, 2);
        }
    }
    // Too short: the one that is there stays.
    write(0, "short", "refused", true);
    let current = "hawser_relay_peer_key_last_reload_successful";
    assert!(relays[0].metric(current) < 0.5 && relays[1].metric(current) > 0.5);
    assert_peers(&relays, 3);
    assert!(!relays[0].log().contains("short\n"));
    // A key of its own makes it a stranger, so the file does count.
    write(0, &"own".repeat(12), "done", true);
    assert!(relays[0].metric(current) > 0.5);
    let mut fresh = (4..=u8::MAX).cycle();
    wait_for("answer of a stranger", || {
        let n = fresh.next().unwrap_or_default();
        let (routing, _phone) = open(&relays[1], n);
        let status = join(&relays[0], &routing, n);
        if status == "502" { Ok(()) } else { Err(status) }
    });
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
