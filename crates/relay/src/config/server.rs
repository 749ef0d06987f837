//! Where clients come from, and how the program is run and watched.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use hawser_wire::RoutingId;

use super::amount::Threads;
use super::networks::Networks;
use super::table::settings;
use super::value::{Count, File, Hex, OrNone, OrOff, Switch, Text, Time, words};

settings! {
    /// Where clients come from, and what they meet.
    pub struct Clients {
        /// Address to listen on for clients. Port 0 takes a free one and logs it.
        listen: SocketAddr as Text = SocketAddr::from(([127, 0, 0, 1], 8080));
        /// Certificate chain in PEM, the server's first. With it and its key, clients are served
        /// over TLS only. Read again when the file changes, and on SIGHUP.
        tls_cert: Option<PathBuf> as File = None;
        /// Private key of the certificate, in PEM (PKCS #8, PKCS #1 or SEC 1). An EC key (P-256)
        /// makes a handshake many times cheaper than an RSA key.
        tls_key: Option<PathBuf> as File = None;
        /// Number of the tunnel domain that this service answers for: 0, 1, or 256 to 65535. Its
        /// host name is logged, and a certificate that does not fit it is refused.
        domain_id: Option<u16> as OrNone<Count> = None;
        /// Threads, each with an event loop and a listening socket of its own. `auto` is one for
        /// each core.
        threads: Threads as Text = Threads::PerCore;
        /// Networks of load balancers that may tell whose connection it is: CIDRs with commas
        /// between. What anybody else says about addresses is ignored.
        trusted_proxies: Networks as Text = Networks::default();
        /// What says which client a connection of a trusted proxy is from: `connection` (itself),
        /// `proxy-protocol` (a PROXY header, version 1 or 2, in front of everything), or the field
        /// `x-forwarded-for` or `forwarded` (RFC 7239) of its request.
        client_address_from: AddressFrom as Text = AddressFrom::Connection;
    }
}

settings! {
    /// How the program is run and watched.
    pub struct Operation {
        /// Address for /livez, /readyz and /metrics, or `off`. Keep it away from clients: it has no
        /// access control.
        admin: Option<SocketAddr> as OrOff = Some(SocketAddr::from(([127, 0, 0, 1], 9090)));
        /// Serves /debug/tunnels on the admin address: the state and age of each tunnel, without ids
        /// or addresses.
        debug_tunnels: bool as Switch = false;
        /// Least severe log messages to write: `error`, `warn`, `info`, `debug` or `trace`. At
        /// `info`, a served client leaves no line.
        log_level: LogLevel as Text = LogLevel::Info;
        /// How log lines look: `pretty` or `json`. They go to standard error.
        log_format: LogFormat as Text = LogFormat::Pretty;
        /// Time that a stop (SIGTERM) waits for tunnels to finish before it cuts them. Less than
        /// the 90 s that service managers usually grant.
        drain_time: Duration as Time = Duration::from_mins(1);
        /// Name of this instance, 6 hex digits, which phones pass on to laptops. It matters when
        /// several instances share a domain.
        routing_id: RoutingId as Hex = RoutingId::from_bytes([0; 3]);
        /// Lifts the quotas of clients, and the messages and bytes of a tunnel, for load tests and
        /// trusted networks. Sizes of messages and times stay.
        no_quotas: bool as Switch = false;
        /// Allows a session time of 180 s or less, which breaks sign-ins whose last message is late.
        /// For tests.
        allow_short_sessions: bool as Switch = false;
    }
}

words! {
    /// What says which client a connection is from, if it comes from a trusted proxy.
    #[derive(Default)]
    pub enum AddressFrom {
        /// The connection itself.
        #[default]
        Connection => "connection",
        /// A PROXY protocol header, version 1 or 2, in front of everything.
        ProxyProtocol => "proxy-protocol",
        /// The last address of `X-Forwarded-For` that is not a trusted proxy's.
        XForwardedFor => "x-forwarded-for",
        /// The last `for=` of `Forwarded` (RFC 7239) that is not a trusted proxy's.
        Forwarded => "forwarded",
    }
}

words! {
    /// How log lines look.
    pub enum LogFormat {
        /// For people.
        Pretty => "pretty",
        /// One JSON object a line.
        Json => "json",
    }
}

words! {
    /// The least severe log messages that are written.
    pub enum LogLevel {
        /// The operator must act.
        Error => "error",
        /// The operator should look.
        Warn => "warn",
        /// Start, stop, and changes of the configuration.
        Info => "info",
        /// What each client does wrong.
        Debug => "debug",
        /// Everything.
        Trace => "trace",
    }
}
