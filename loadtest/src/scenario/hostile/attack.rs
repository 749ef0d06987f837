//! The attackers: a thread of their own, so that they take nothing from the honest ones' clock.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::args::{Attack, HostileArgs};
use crate::client::dial::Dialer;
use crate::client::socket::Event;
use crate::client::source::has_whole_loopback;
use crate::client::target::Target;
use crate::fault::{Failure, Trouble};
use crate::measure::clock::nanoseconds;
use crate::measure::latency::histogram;
use crate::number::float;
use crate::run::session::Session;
use crate::run::worker::tunnel_id;

/// Pause of an attacker before it begins anew: many of them are still thousands a second.
const PAUSE: Duration = Duration::from_millis(5);

/// Between the bytes of a slow request.
const DRIP: Duration = Duration::from_millis(500);

/// Bytes of one message of a flood.
const FLOOD_LEN: usize = 16 * 1024;

/// What it came to.
#[derive(Debug, Clone, Default)]
pub(super) struct Toll {
    /// Connections that were tried.
    pub(super) attempts: u64,
    /// Failed for want of a port or file of this machine, which says nothing of the service.
    pub(super) unmade: u64,
    /// Turned away at the connection or its request.
    pub(super) refused: u64,
    /// Ended by the service later.
    pub(super) ended: u64,
    /// Still there when the attack was called off.
    pub(super) alive: u64,
    /// The median life of those that the service ended, in milliseconds.
    pub(super) held: Option<f64>,
}

#[derive(Debug)]
struct Counts {
    attempts: AtomicU64,
    unmade: AtomicU64,
    refused: AtomicU64,
    ended: AtomicU64,
    alive: AtomicU64,
    lives: Mutex<Histogram<u64>>,
}

/// Attackers at work.
#[derive(Debug)]
pub(super) struct Attackers {
    counts: Arc<Counts>,
    stop: CancellationToken,
    ended: oneshot::Receiver<()>,
}

impl Attackers {
    pub(super) fn start(attack: Attack, args: &HostileArgs, session: &Session) -> io::Result<Self> {
        let mut target = Target::clone(&session.target);
        if has_whole_loopback() && target.addresses.iter().all(|a| is_v4_loopback(a.ip())) {
            target.sources = (0..args.attacker_sources).map(source).collect();
        }
        let dialer = Dialer::new(Arc::new(target), args.target.connect_timeout);
        let counts = Arc::new(Counts {
            attempts: AtomicU64::new(0),
            unmade: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            alive: AtomicU64::new(0),
            lives: Mutex::new(histogram()),
        });
        let stop = session.stop.child_token();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (end, ended) = oneshot::channel();
        let attackers = args.attackers;
        let (shared, until) = (Arc::clone(&counts), stop.clone());
        std::thread::Builder::new()
            .name("attack".to_owned())
            .spawn(move || {
                let attacker = Attacker {
                    attack,
                    dialer,
                    counts: shared,
                    stop: until,
                };
                runtime.block_on(attacker.all(attackers));
                drop(runtime);
                let _ = end.send(());
            })?;
        Ok(Self {
            counts,
            stop,
            ended,
        })
    }

    /// Calls the attack off and counts.
    pub(super) async fn stop(self) -> Toll {
        self.stop.cancel();
        let _ = self.ended.await;
        let lives = self.counts.lives.lock();
        let lives = lives.unwrap_or_else(PoisonError::into_inner);
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Toll {
            attempts: load(&self.counts.attempts),
            unmade: load(&self.counts.unmade),
            refused: load(&self.counts.refused),
            ended: load(&self.counts.ended),
            alive: load(&self.counts.alive),
            held: (!lives.is_empty()).then(|| float(lives.value_at_quantile(0.5)) / 1e6),
        }
    }
}

fn is_v4_loopback(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(ip) if ip.is_loopback())
}

/// An address of 127.2.0.0/16, where no honest client comes from.
fn source(n: u16) -> IpAddr {
    let [_, network] = (n / 250).to_be_bytes();
    let [_, host] = (n % 250 + 1).to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(127, 2, network, host))
}

#[derive(Debug, Clone)]
struct Attacker {
    attack: Attack,
    dialer: Dialer,
    counts: Arc<Counts>,
    stop: CancellationToken,
}

impl Attacker {
    async fn all(self, attackers: u32) {
        let mut tasks = JoinSet::new();
        for _ in 0..attackers {
            let attacker = self.clone();
            tasks.spawn(async move { attacker.repeat().await });
        }
        while tasks.join_next().await.is_some() {}
    }

    async fn repeat(self) {
        let count = |count: &AtomicU64| count.fetch_add(1, Ordering::Relaxed);
        while !self.stop.is_cancelled() {
            count(&self.counts.attempts);
            let begun = Instant::now();
            let is_there = AtomicBool::new(false);
            match self.stop.run_until_cancelled(self.once(&is_there)).await {
                None => {
                    // One that still knocks when the attack is called off is not in.
                    let is_there = is_there.load(Ordering::Relaxed);
                    self.counts
                        .alive
                        .fetch_add(is_there.into(), Ordering::Relaxed);
                }
                Some(Err(Trouble::Failure(Failure::NoPorts | Failure::NoFiles, _))) => {
                    count(&self.counts.unmade);
                }
                Some(Err(_)) => {
                    count(&self.counts.refused);
                }
                Some(Ok(())) => {
                    count(&self.counts.ended);
                    let lives = self.counts.lives.lock();
                    let mut lives = lives.unwrap_or_else(PoisonError::into_inner);
                    lives.saturating_record(nanoseconds(begun.elapsed()));
                }
            }
            self.stop.run_until_cancelled(sleep(PAUSE)).await;
        }
    }

    /// One connection, until the service ends it. Tells when it is past the door.
    async fn once(&self, is_there: &AtomicBool) -> Result<(), Trouble> {
        let enter = || is_there.store(true, Ordering::Relaxed);
        match self.attack {
            Attack::HalfOpen => {
                let mut tcp = self.tcp().await?;
                enter();
                until_ended(&mut tcp).await;
            }
            Attack::Slowloris => {
                let tcp = self.tcp().await?;
                enter();
                drip(tcp).await;
            }
            Attack::Garbage => {
                let mut tcp = self.tcp().await?;
                let mut noise = [0; 512];
                fastrand::Rng::new().fill(&mut noise);
                // The service may have hung up before all of it was there.
                let _ = tcp.write_all(&noise).await;
                until_ended(&mut tcp).await;
                let (mut phone, _, _) = self.dialer.open(tunnel_id()).await?;
                enter();
                phone.put_raw(&noise);
                let _ = phone.flush().await;
                phone.ended().await;
            }
            Attack::OpenFlood => {
                let (mut phone, _, _) = self.dialer.open(tunnel_id()).await?;
                enter();
                // Answers pings, as a real phone does, until it is put out.
                let mut over = false;
                while !over {
                    let each = |event: Event<'_>| {
                        over |= !matches!(event, Event::Binary(_) | Event::Ping);
                    };
                    phone.receive(each).await;
                }
            }
            Attack::MessageFlood => self.flood(enter).await?,
        }
        Ok(())
    }

    async fn tcp(&self) -> Result<TcpStream, Trouble> {
        self.dialer.connect().await
    }

    /// Sends as fast as it can to a laptop that reads nothing.
    async fn flood(&self, enter: impl Fn()) -> Result<(), Trouble> {
        let id = tunnel_id();
        let (mut phone, routing, place) = self.dialer.open(id).await?;
        let laptop = self.dialer.join(routing, id, place).await?;
        enter();
        loop {
            phone.put(FLOOD_LEN, |out| out.resize(out.len() + FLOOD_LEN, 0));
            if phone.flush().await.is_err() {
                drop(laptop);
                return Ok(());
            }
            // Others of this thread get a turn.
            tokio::task::yield_now().await;
        }
    }
}

/// A request that takes for ever.
async fn drip(mut tcp: TcpStream) {
    let id = tunnel_id().to_hex();
    let head = format!("GET /cable/new/{id} HTTP/1.1\r\nHost: relay\r\nX-Slow: ");
    if tcp.write_all(head.as_bytes()).await.is_err() {
        return;
    }
    let mut byte = [0; 1];
    loop {
        match timeout(DRIP, tcp.read(&mut byte)).await {
            // Not a word yet: one more byte.
            Err(_) if tcp.write_all(b"a").await.is_ok() => {}
            Ok(Ok(1)) => {}
            _ => return,
        }
    }
}

async fn until_ended(tcp: &mut TcpStream) {
    let mut bytes = [0; 1024];
    while matches!(tcp.read(&mut bytes).await, Ok(n) if n > 0) {}
}
