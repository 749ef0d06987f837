//! Many sockets, and what the relay's process holds.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::program::Program;

/// Source addresses of attackers, so that quotas for one client do not end the attack.
const ATTACKERS: usize = 64;

/// Lets this process, and the relay that it starts, open as many files as it may.
pub(super) fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
}

/// A connection from one of the attackers.
pub(super) async fn attack(address: SocketAddr, n: usize) -> TcpStream {
    let last = u8::try_from(n % ATTACKERS + 1).unwrap();
    connect_from(Ipv4Addr::new(127, 1, 0, last), address)
        .await
        .unwrap()
}

/// A connection from a loopback address of choice.
pub(super) async fn connect_from(
    source: Ipv4Addr,
    address: SocketAddr,
) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((source, 0).into())?;
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The handshake of a phone or a laptop, in as few steps as possible.
pub(super) async fn upgrade_raw(stream: &mut TcpStream, path: &str) -> String {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: relay\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: fido.cable\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    // Nothing follows the answer until the peer speaks, which it does later.
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        assert!(stream.read_buf(&mut answer).await.unwrap() > 0, "an answer");
    }
    String::from_utf8(answer).unwrap()
}

/// A tunnel with both ends, from attackers' addresses.
pub(super) async fn tunnel(address: SocketAddr, n: usize) -> (TcpStream, TcpStream) {
    let mut phone = attack(address, n).await;
    let answer = upgrade_raw(&mut phone, &format!("/cable/new/{n:032X}")).await;
    assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
    let mut laptop = attack(address, n).await;
    let answer = upgrade_raw(&mut laptop, &format!("/cable/connect/000000/{n:032X}")).await;
    assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
    (phone, laptop)
}

impl Program {
    /// Sockets that the process has open: those of its clients, and some of its own.
    pub(super) fn sockets(&self) -> usize {
        let descriptors = std::fs::read_dir(format!("/proc/{}/fd", self.pid())).unwrap();
        descriptors
            .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
            .filter(|target| target.to_string_lossy().starts_with("socket:"))
            .count()
    }

    /// Resident memory in KiB.
    pub(super) fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let number = line.unwrap().split_whitespace().nth(1).unwrap();
        number.parse().unwrap()
    }

    /// CPU time that it has used so far, in ticks of a hundredth of a second.
    pub(super) fn cpu_ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .unwrap()
            .split_whitespace()
            .collect();
        // utime and stime: fields 14 and 15, of which two stand before the name's end.
        [11, 12]
            .map(|at| fields[at].parse::<u64>().unwrap())
            .iter()
            .sum()
    }
}
