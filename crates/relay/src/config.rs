//! What a relay may be told. Every limit has a name, a default and a reason.

use std::time::Duration;

use hawser_wire::RoutingId;

/// How a relay behaves.
#[derive(Debug, Clone)]
pub struct Config {
    /// The name of this instance in a phone's advert. Default: three zero bytes.
    pub routing_id: RoutingId,
    /// Time and size limits.
    pub limits: Limits,
    /// What one client may use at once.
    pub quotas: Quotas,
    /// How long a drain waits for tunnels to finish. Default: 60 s, less than the time that service
    /// managers usually grant (90 s).
    pub drain_time: Duration,
}

impl Config {
    /// Lifts what is counted per client and per tunnel: messages, bytes, and every quota. Times and
    /// the size of a message stay.
    pub fn lift_quotas(&mut self) {
        self.limits.messages = None;
        self.limits.tunnel_bytes = None;
        self.quotas = Quotas {
            connections: None,
            waiting_tunnels: None,
            tunnels_per_second: None,
        };
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            routing_id: RoutingId::from_bytes([0; 3]),
            limits: Limits::default(),
            quotas: Quotas::default(),
            drain_time: Duration::from_mins(1),
        }
    }
}

/// What one connection or tunnel may use.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Time for a whole TLS handshake. Default: 10 s, like the request head's, which comes after it.
    pub handshake_time: Duration,
    /// Time for a whole request head. Default: 10 s, enough for a mobile link, short for slowloris.
    pub head_time: Duration,
    /// Bytes of a request head, at most 16 KiB. Default: 8 KiB; a browser sends 540 bytes.
    pub head_bytes: usize,
    /// Time to take the answer to a request. Default: 10 s.
    pub upgrade_time: Duration,
    /// Time that a phone waits for a laptop. Default: 120 s, as long as a QR code is usually shown.
    pub waiting_time: Duration,
    /// Time that a phone and a laptop have together. Default: 600 s: slow users, and the 180 s that
    /// a browser lingers for a late message, which it must exceed.
    pub session_time: Duration,
    /// Time without progress after which a peer that reads nothing is given up. Default: 30 s.
    pub write_stall_time: Duration,
    /// Time to answer our close frame. Default: 2 s.
    pub close_time: Duration,
    /// Between pings to both peers. Default: 25 s, because home routers and load balancers forget
    /// idle connections after 30 s.
    pub ping_interval: Duration,
    /// Payload bytes of one message, 1 MiB at most. Default: 64 KiB; the longest seen are 2 KiB.
    pub message_bytes: u32,
    /// Messages in one direction, `None` for any number. Default: 256; a sign-in takes 6.
    pub messages: Option<u32>,
    /// Payload bytes in one direction, `None` for any number. Default: 4 MiB.
    pub tunnel_bytes: Option<u64>,
    /// Pings, unasked pongs and empty fragments in one direction. Default: 256.
    pub control_frames: u32,
    /// Bytes taken from a phone before a laptop is there. Default: 4 KiB; it has nothing to say yet.
    pub early_bytes: usize,
    /// Phones that may wait at once. Default: 100,000, about 120 MB.
    pub waiting_tunnels: u64,
    /// Connections of any kind at once; beyond it, new ones wait in the kernel. Default: `None`, no
    /// limit: the program sets it from the limit on open files.
    pub connections: Option<u64>,
    /// Connections to accept in a second; the rest wait in the kernel. Default: `None`, any number:
    /// a core accepts about 20,000 and the clients' quotas are the better fence.
    pub accepts_per_second: Option<u32>,
}

/// What one client may use at once: one IPv4 address, or one /56 of IPv6. `None` is no limit.
///
/// Hundreds of people may share an address behind a carrier's or a company's NAT, and a sign-in
/// takes two connections for some seconds.
#[derive(Debug, Clone)]
pub struct Quotas {
    /// Connections. Default: 1,000.
    pub connections: Option<u32>,
    /// Phones that wait. Default: 300.
    pub waiting_tunnels: Option<u32>,
    /// New tunnels a second, and as many in one burst. Default: 30.
    pub tunnels_per_second: Option<u32>,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            connections: Some(1000),
            waiting_tunnels: Some(300),
            tunnels_per_second: Some(30),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake_time: Duration::from_secs(10),
            head_time: Duration::from_secs(10),
            head_bytes: 8 * 1024,
            upgrade_time: Duration::from_secs(10),
            waiting_time: Duration::from_mins(2),
            session_time: Duration::from_mins(10),
            write_stall_time: Duration::from_secs(30),
            close_time: Duration::from_secs(2),
            ping_interval: Duration::from_secs(25),
            message_bytes: 64 * 1024,
            messages: Some(256),
            tunnel_bytes: Some(4 * 1024 * 1024),
            control_frames: 256,
            early_bytes: 4 * 1024,
            waiting_tunnels: 100_000,
            connections: None,
            accepts_per_second: None,
        }
    }
}
