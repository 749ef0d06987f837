//! What one connection or tunnel may use, and all together.

use std::time::Duration;

use super::amount::Ceiling;
use super::table::settings;
use super::value::{Count, OrNone, Size, Text, Time};

settings! {
    /// What one connection or tunnel may use, and all together.
    pub struct Limits {
        /// Time for a whole TLS handshake, and as much for a PROXY header in front of it. As long as for
        /// a request head, which comes after it. Then the connection is closed.
        handshake_time: Duration as Time = Duration::from_secs(10);
        /// Time for a whole request head. Enough for a mobile link, short for an attacker that sends
        /// a byte now and then. Then 408.
        head_time: Duration as Time = Duration::from_secs(10);
        /// Bytes of a request head, 16 KiB at most. A browser sends 540. Beyond it, 431.
        head_bytes: usize as Size = 8 * 1024;
        /// Time for a client to take the answer to its request. As long as for the request: both cross
        /// the same link. Then the connection is closed.
        upgrade_time: Duration as Time = Duration::from_secs(10);
        /// Time that a phone waits for a laptop. As long as a QR code is usually shown. Then its tunnel is
        /// closed with 1008.
        waiting_time: Duration as Time = Duration::from_mins(2);
        /// Time that a phone and a laptop have together. Enough for slow users, and more than the
        /// 180 s that a browser lingers for a late message. Then both are told 1008.
        session_time: Duration as Time = Duration::from_mins(10);
        /// Time without progress after which a peer that reads nothing is given up; 5 s later, one that
        /// vanished. As long as a radio link may be gone, in a lift for example. One that reads slowly,
        /// some 20 KB a second, is not given up: it slows the other one down.
        write_stall_time: Duration as Time = Duration::from_secs(30);
        /// Time for a peer to answer our close frame. Several round trips of a slow link; the peer has
        /// been told already, so little is lost behind it.
        close_time: Duration as Time = Duration::from_secs(2);
        /// Time between pings to both peers. Home routers and load balancers forget connections
        /// that were idle for 30 s.
        ping_interval: Duration as Time = Duration::from_secs(25);
        /// Payload bytes of one message, 1 MiB at most, which is a browser's limit. The longest seen
        /// are 2 KiB. Beyond it, 1009.
        message_bytes: u32 as Size = 64 * 1024;
        /// Messages in one direction of a tunnel. A sign-in takes 6, both directions together: 256 leave
        /// room for what the protocol may become. Beyond it, 1008.
        messages: Option<u32> as OrNone<Count> = Some(256);
        /// Payload bytes in one direction of a tunnel. Two hundred times what a sign-in takes. Beyond it,
        /// 1008.
        tunnel_bytes: Option<u64> as OrNone<Size> = Some(4 * 1024 * 1024);
        /// Pings, unasked pongs and empty fragments in one direction of a tunnel. A browser sends
        /// none; other clients may ping every few seconds for as long as a tunnel lives. Beyond it, 1008.
        control_frames: u32 as Count = 256;
        /// Bytes taken from a phone before a laptop is there; then it has to wait. It has nothing to
        /// say yet, and 4 KiB would hold all that it says in a sign-in. What comes in one piece with its request is taken as far as head-bytes go.
        early_bytes: usize as Size = 4 * 1024;
        /// Phones that may wait at once, of all clients. Beyond it, new ones get 503. This many take
        /// about 120 MB without TLS.
        waiting_tunnels: u64 as Count = 100_000;
        /// Connections at once, of all clients. Beyond it, new ones wait in the kernel. `auto` is
        /// what the limit on open files leaves.
        connections: Ceiling as Text = Ceiling::Auto;
        /// Connections to accept in a second; the rest wait in the kernel. A core accepts about
        /// 20,000, and the quotas of clients are the better fence.
        accepts_per_second: Option<u32> as OrNone<Count> = None;
    }
}
