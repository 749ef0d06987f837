//! The rows of the table.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};

use crate::handshake;
use crate::server::{Kind, Server};
use crate::tunnel::{Batch, Tunnel, phone, sign_in, sign_in_messages, tunnel};

pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) kinds: &'static [Kind],
    work: Work,
}

#[derive(Clone, Copy)]
enum Work {
    SignIns,
    Alone,
    /// Tunnels, bytes of a message, messages in flight each way; the figure is µs a message.
    Messages(usize, usize, usize),
    /// The same; the figure is GB a core-second.
    Throughput(usize, usize, usize),
    Delay,
    Burst,
    Paired,
    Waiting,
    Closed,
    Handshake,
}

const BOTH: &[Kind] = &[Kind::Relay, Kind::Forwarder];
const ALL: &[Kind] = &[
    Kind::Relay,
    Kind::TwoThreads,
    Kind::RelayTls,
    Kind::Forwarder,
];
const OURS: &[Kind] = &[Kind::Relay, Kind::RelayTls];

/// Tunnels that are there when memory is measured: 8,000 sockets in each process.
const MANY: usize = 4000;

pub(crate) const ROWS: &[Row] = &[
    row(
        "sign-in",
        "server µs per sign-in, 64 at once",
        ALL,
        Work::SignIns,
    ),
    row(
        "handshake",
        "µs of a server's TLS handshake alone, in memory",
        &[Kind::RelayTls],
        Work::Handshake,
    ),
    row(
        "alone",
        "ms of a sign-in alone up to its last message, median",
        BOTH,
        Work::Alone,
    ),
    row(
        "ping-pong",
        "server µs per message of 1 KB, one in flight",
        BOTH,
        Work::Messages(200, 1000, 1),
    ),
    row(
        "stream",
        "server µs per message of 1 KB, 4 in flight each way",
        BOTH,
        Work::Messages(200, 1000, 4),
    ),
    row(
        "bulk",
        "GB per core-second, 16 KB, 4 in flight each way",
        BOTH,
        Work::Throughput(400, 16_000, 4),
    ),
    row(
        "delay",
        "µs one way at 2,000 messages a second, 99th percentile",
        BOTH,
        Work::Delay,
    ),
    row(
        "burst",
        "ms to open, 512 at once, 99th percentile",
        BOTH,
        Work::Burst,
    ),
    row(
        "paired",
        "bytes of memory per idle tunnel, after a message each way",
        OURS,
        Work::Paired,
    ),
    row(
        "waiting",
        "bytes of memory per waiting phone",
        OURS,
        Work::Waiting,
    ),
    row(
        "closed",
        "MB more than at the start, 2 s after 9,900 tunnels have closed",
        &[Kind::Relay],
        Work::Closed,
    ),
];

const fn row(name: &'static str, what: &'static str, kinds: &'static [Kind], work: Work) -> Row {
    Row {
        name,
        what,
        kinds,
        work,
    }
}

impl Row {
    pub(crate) async fn run(&self, server: &Server, time: Duration) -> f64 {
        match self.work {
            Work::SignIns => sign_ins(server, time).await,
            Work::Alone => alone(server, time).await,
            Work::Messages(tunnels, len, flight) => {
                let (cpu, count) = stream(server, time, tunnels, len, flight).await;
                cpu.as_secs_f64() * 1e6 / count
            }
            Work::Throughput(tunnels, len, flight) => {
                let (cpu, count) = stream(server, time, tunnels, len, flight).await;
                count * len as f64 / 1e9 / cpu.as_secs_f64()
            }
            Work::Delay => delay(server, time).await,
            Work::Burst => burst(server).await,
            Work::Paired => memory(server, true).await,
            Work::Waiting => memory(server, false).await,
            Work::Closed => closed(server).await,
            Work::Handshake => handshake::server_microseconds(time),
        }
    }
}

async fn sign_ins(server: &Server, time: Duration) -> f64 {
    let (start, before) = (Instant::now(), server.cpu());
    let count = Cell::new(0.0);
    let messages = sign_in_messages(server.kind);
    join_all((0..64).map(|_| async {
        let mut buffer = Vec::new();
        while start.elapsed() < time {
            let tunnel = sign_in(server, &messages, &mut buffer).await;
            tunnel.close(server).await;
            count.set(count.get() + 1.0);
        }
    }))
    .await;
    server.cpu_since(before).as_secs_f64() * 1e6 / count.get()
}

async fn alone(server: &Server, time: Duration) -> f64 {
    let start = Instant::now();
    let messages = sign_in_messages(server.kind);
    let mut took = Vec::new();
    let mut buffer = Vec::new();
    while start.elapsed() < time {
        let begin = Instant::now();
        let tunnel = sign_in(server, &messages, &mut buffer).await;
        took.push(begin.elapsed());
        tunnel.close(server).await;
    }
    percentile(took, 50) * 1e3
}

/// Keeps every tunnel busy. Returns what it cost the server, and how many messages there were.
async fn stream(
    server: &Server,
    time: Duration,
    tunnels: usize,
    len: usize,
    flight: usize,
) -> (Duration, f64) {
    let batch = Batch::new(server.kind, len, flight);
    let tunnels = many(server, tunnels).await;
    let (start, before) = (Instant::now(), server.cpu());
    let count = Cell::new(0.0);
    join_all(tunnels.into_iter().map(
        |Tunnel {
             mut phone,
             mut laptop,
         }| {
            let (batch, count) = (&batch, &count);
            async move {
                let (mut one, mut other) = (Vec::new(), Vec::new());
                while start.elapsed() < time {
                    if flight == 1 {
                        laptop.send(batch).await;
                        phone.receive(batch, &mut one).await;
                        phone.send(batch).await;
                        laptop.receive(batch, &mut one).await;
                    } else {
                        join(laptop.send(batch), phone.send(batch)).await;
                        join(
                            phone.receive(batch, &mut one),
                            laptop.receive(batch, &mut other),
                        )
                        .await;
                    }
                    count.set(count.get() + 2.0 * flight as f64);
                }
            }
        },
    ))
    .await;
    (server.cpu_since(before), count.get())
}

/// Two messages each millisecond, over 500 tunnels in turn; from before the write to after the read.
async fn delay(server: &Server, time: Duration) -> f64 {
    let batch = Batch::new(server.kind, 300, 1);
    let tunnels = many(server, 500).await;
    let took = RefCell::new(Vec::new());
    let mut tick = tokio::time::interval(Duration::from_millis(1));
    let start = Instant::now();
    let mut buffers = (Vec::new(), Vec::new());
    let mut pairs = tunnels;
    while start.elapsed() < time {
        for pair in pairs.chunks_exact_mut(2) {
            let [first, second] = pair else { continue };
            tick.tick().await;
            let one = async |tunnel: &mut Tunnel, buffer: &mut Vec<u8>| {
                let begin = Instant::now();
                tunnel.laptop.send(&batch).await;
                tunnel.phone.receive(&batch, buffer).await;
                took.borrow_mut().push(begin.elapsed());
            };
            join(one(first, &mut buffers.0), one(second, &mut buffers.1)).await;
        }
    }
    percentile(took.into_inner(), 99) * 1e6
}

/// 512 phones at once, from the first SYN to the last byte of the answer.
async fn burst(server: &Server) -> f64 {
    let dropped = dropped_connections();
    let opened = join_all((0..512).map(|_| async {
        let begin = Instant::now();
        let end = phone(server).await;
        (begin.elapsed(), end)
    }))
    .await;
    let dropped = dropped_connections() - dropped;
    assert_eq!(dropped, 0, "connections that the kernel dropped");
    percentile(opened.into_iter().map(|(took, _)| took).collect(), 99) * 1e3
}

async fn memory(server: &Server, paired: bool) -> f64 {
    // The first ones pay for what is there once.
    let first = many(server, 10).await;
    let before = server.resident();
    let mut tunnels = Vec::new();
    let mut phones = Vec::new();
    if paired {
        let batch = Batch::new(server.kind, 500, 1);
        let mut buffer = Vec::new();
        tunnels = many(server, MANY).await;
        for Tunnel { phone, laptop } in &mut tunnels {
            laptop.send(&batch).await;
            phone.receive(&batch, &mut buffer).await;
            phone.send(&batch).await;
            laptop.receive(&batch, &mut buffer).await;
        }
    } else {
        for _ in 0..MANY / 50 {
            phones.extend(join_all((0..50).map(|_| phone(server))).await);
        }
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let grown = server.resident() - before;
    drop((first, tunnels, phones));
    grown / MANY as f64
}

async fn closed(server: &Server) -> f64 {
    let before = server.resident();
    drop(many(server, 9900).await);
    tokio::time::sleep(Duration::from_secs(2)).await;
    (server.resident() - before) / 1e6
}

/// So many tunnels, 50 opening at once.
async fn many(server: &Server, count: usize) -> Vec<Tunnel> {
    let mut tunnels = Vec::new();
    while tunnels.len() < count {
        let some = 50.min(count - tunnels.len());
        tunnels.extend(join_all((0..some).map(|_| tunnel(server))).await);
    }
    tunnels
}

fn percentile(mut took: Vec<Duration>, percent: usize) -> f64 {
    took.sort_unstable();
    let at = (took.len() * percent / 100).min(took.len() - 1);
    took.get(at).unwrap().as_secs_f64()
}

/// Connections that this machine has dropped because a listener's queue was full.
fn dropped_connections() -> u64 {
    let text = std::fs::read_to_string("/proc/net/netstat").unwrap();
    let mut lines = text.lines().filter(|line| line.starts_with("TcpExt:"));
    let (names, values) = (lines.next().unwrap(), lines.next().unwrap());
    names
        .split_whitespace()
        .zip(values.split_whitespace())
        .filter(|(name, _)| ["ListenOverflows", "ListenDrops", "TCPReqQFullDrop"].contains(name))
        .map(|(_, value)| value.parse::<u64>().unwrap())
        .sum()
}
