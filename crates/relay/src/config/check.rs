//! What contradicts itself, what can never work, and what an operator should know.

use std::net::IpAddr;
use std::time::Duration;

use hawser_wire::TunnelDomain;

use super::amount::{Ceiling, Threads};
use super::server::{AddressFrom, Operation};
use super::table::Settings;
use crate::peer::Slot;

/// Longest time that a browser (Chromium) stays in a tunnel for a late message, behind its last own.
const BROWSER_LINGERS: Duration = Duration::from_mins(3);

/// Longest request head. A browser sends 540 bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Longest of all times. Nothing here takes a day, and a time without end would overflow the clock.
const TIME_MAX: Duration = Duration::from_hours(24);

/// Most threads. Each has a listening socket and an event loop, and more than cores only get into each
/// other's way.
const THREADS_MAX: usize = 1024;

/// Longest message: Chromium takes no longer one.
const MESSAGE_BYTES_MAX: u32 = 1024 * 1024;

/// Settings that cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The settings that are to blame.
    pub keys: Vec<&'static str>,
    /// What is wrong, and what would be right.
    pub what: String,
}

/// Settings that can be and should rarely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning(pub String);

/// Checks settings; `given` tells which of them are not left at their defaults.
pub(super) fn check(
    settings: &Settings,
    given: &dyn Fn(&str) -> bool,
) -> (Vec<Problem>, Vec<Warning>) {
    let mut problems = Problems(Vec::new());
    problems.times(settings);
    problems.sizes(settings);
    problems.listeners(settings);
    problems.proxies(settings);
    problems.quotas(settings, given);
    problems.peers(settings);
    (problems.0, warnings(settings))
}

struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, keys: &[&'static str], what: impl Into<String>) {
        self.0.push(Problem {
            keys: keys.to_vec(),
            what: what.into(),
        });
    }

    fn times(&mut self, settings: &Settings) {
        let limits = &settings.limits;
        for (key, time) in [
            ("handshake-time", limits.handshake_time),
            ("head-time", limits.head_time),
            ("upgrade-time", limits.upgrade_time),
            ("waiting-time", limits.waiting_time),
            ("write-stall-time", limits.write_stall_time),
            ("close-time", limits.close_time),
            ("ping-interval", limits.ping_interval),
        ] {
            if time.is_zero() {
                self.add(&[key], "no time at all: nothing would ever succeed");
            }
        }
        for (key, time) in [
            ("handshake-time", limits.handshake_time),
            ("head-time", limits.head_time),
            ("upgrade-time", limits.upgrade_time),
            ("waiting-time", limits.waiting_time),
            ("session-time", limits.session_time),
            ("write-stall-time", limits.write_stall_time),
            ("close-time", limits.close_time),
            ("ping-interval", limits.ping_interval),
            ("drain-time", settings.operation.drain_time),
            ("peer-connect-time", settings.peers.connect_time),
            ("peer-answer-time", settings.peers.answer_time),
            ("peer-retry-time", settings.peers.retry_time),
        ] {
            if time > TIME_MAX {
                self.add(&[key], "must be a day (24h) at most");
            }
        }
        if limits.session_time <= BROWSER_LINGERS && !settings.operation.allow_short_sessions {
            self.add(
                &["session-time"],
                "must be longer than 180 s: a browser stays that long in the tunnel for the phone's \
                 last message, and would report a failed sign-in; --allow-short-sessions allows it \
                 for tests",
            );
        }
        if limits.session_time.is_zero() {
            self.add(
                &["session-time"],
                "no time at all: nothing would ever succeed",
            );
        }
    }

    fn sizes(&mut self, settings: &Settings) {
        let limits = &settings.limits;
        if !(256..=HEAD_BYTES_MAX).contains(&limits.head_bytes) {
            self.add(
                &["head-bytes"],
                "must be 256 to 16KiB; a browser sends 540 bytes",
            );
        }
        if !(1024..=MESSAGE_BYTES_MAX).contains(&limits.message_bytes) {
            self.add(
                &["message-bytes"],
                "must be 1KiB to 1MiB: a sign-in needs messages of 1 KiB, and browsers take none \
                 beyond 1 MiB",
            );
        }
        if limits
            .tunnel_bytes
            .is_some_and(|most| most < u64::from(limits.message_bytes))
        {
            self.add(
                &["tunnel-bytes", "message-bytes"],
                "a tunnel may carry less than one message of the longest size",
            );
        }
        if limits.messages.is_some_and(|most| most < 6) {
            self.add(&["messages"], "must be 6 or more: a sign-in takes as many");
        }
        if limits.early_bytes == 0 {
            self.add(
                &["early-bytes"],
                "must be 1 or more: a phone that leaves would not be noticed",
            );
        }
        if limits.waiting_tunnels == 0 {
            self.add(&["waiting-tunnels"], "no phone could ever open a tunnel");
        }
        if matches!(limits.connections, Ceiling::At(0 | 1)) {
            self.add(&["connections"], "must be 2 or more: a tunnel has two ends");
        }
        if limits.accepts_per_second == Some(0) {
            self.add(&["accepts-per-second"], "nobody could ever connect");
        }
    }

    fn listeners(&mut self, settings: &Settings) {
        let (clients, operation) = (&settings.clients, &settings.operation);
        match (&clients.tls_cert, &clients.tls_key) {
            (Some(_), None) => self.add(&["tls-cert"], "needs its private key: tls-key"),
            (None, Some(_)) => self.add(&["tls-key"], "needs its certificate: tls-cert"),
            _ => {}
        }
        if matches!(clients.threads, Threads::Count(count) if count.get() > THREADS_MAX) {
            self.add(
                &["threads"],
                "must be 1024 at most; auto is one for each core",
            );
        }
        if let Some(id) = clients.domain_id
            && let Err(error) = TunnelDomain::from_id(id)
        {
            self.add(&["domain-id"], error.to_string());
        }
        if operation.admin == Some(clients.listen) && clients.listen.port() != 0 {
            self.add(&["admin", "listen"], "the same address for both");
        }
        if operation.debug_tunnels && operation.admin.is_none() {
            self.add(
                &["debug-tunnels", "admin"],
                "is served on the admin address, which is off",
            );
        }
    }

    fn proxies(&mut self, settings: &Settings) {
        let clients = &settings.clients;
        match (clients.client_address_from, clients.trusted_proxies.is_empty()) {
            (AddressFrom::Connection, false) => self.add(
                &["trusted-proxies", "client-address-from"],
                "trusted for nothing; say with client-address-from how they tell a client's address",
            ),
            (AddressFrom::Connection, true) | (_, false) => {}
            (_, true) => self.add(
                &["client-address-from", "trusted-proxies"],
                "nobody is trusted to tell addresses; name the proxies in trusted-proxies",
            ),
        }
    }

    fn peers(&mut self, settings: &Settings) {
        let peers = &settings.peers;
        let parts = [
            ("peer-template", peers.template.is_some()),
            ("peer-listen", peers.listen.is_some()),
            ("peer-key-file", peers.key_file.is_some()),
        ];
        let missing: Vec<_> = parts.iter().filter(|(_, there)| !there).collect();
        if !missing.is_empty() && missing.len() < parts.len() {
            for (key, _) in missing {
                self.add(
                    &[key],
                    "is missing: several instances need peer-template, peer-listen and peer-key-file",
                );
            }
        }
        let own_id = settings.operation.routing_id;
        if peers.template.is_some() && own_id != Operation::default().routing_id {
            self.add(
                &["routing-id", "peer-template"],
                "an instance among several makes its own routing id, from its slot",
            );
        }
        if !(1..=Slot::COUNT).contains(&peers.count) {
            self.add(&["peer-count"], "must be 1 to 256");
        }
        for (key, other) in [
            ("listen", Some(settings.clients.listen)),
            ("admin", settings.operation.admin),
        ] {
            if peers.listen.is_some_and(|address| address.port() != 0) && peers.listen == other {
                self.add(&["peer-listen", key], "the same address for both");
            }
        }
        if peers.dials == 0 {
            self.add(&["peer-dials"], "no instance could ever be dialled");
        }
        if peers.connections == Ceiling::At(0) {
            self.add(&["peer-connections"], "no laptop could ever be passed on");
        }
        for (key, time) in [
            ("peer-connect-time", peers.connect_time),
            ("peer-answer-time", peers.answer_time),
        ] {
            if time.is_zero() {
                self.add(&[key], "no time at all: nothing would ever succeed");
            }
        }
    }

    fn quotas(&mut self, settings: &Settings, given: &dyn Fn(&str) -> bool) {
        let lifted = [
            "messages",
            "tunnel-bytes",
            "client-connections",
            "client-waiting-tunnels",
            "client-tunnels-per-second",
        ];
        if settings.operation.no_quotas {
            for key in lifted.into_iter().filter(|key| given(key)) {
                self.add(&[key, "no-quotas"], "is set and lifted at once; choose one");
            }
        }
        let quotas = &settings.quotas;
        if quotas.connections.is_some_and(|most| most < 2) {
            self.add(
                &["client-connections"],
                "must be 2 or more: a phone and a laptop often share an address",
            );
        }
        for (key, most) in [
            ("client-waiting-tunnels", quotas.waiting_tunnels),
            ("client-tunnels-per-second", quotas.tunnels_per_second),
        ] {
            if most == Some(0) {
                self.add(&[key], "no phone could ever open a tunnel");
            }
        }
    }
}

fn warnings(settings: &Settings) -> Vec<Warning> {
    let (clients, operation) = (&settings.clients, &settings.operation);
    let mut warnings = Vec::new();
    if operation.no_quotas {
        warnings.push("quotas are lifted: do not run like this on the open internet");
    }
    if operation.allow_short_sessions {
        warnings.push("sessions may be too short for a browser: for tests only");
    }
    if clients.tls_cert.is_none() && !is_private(clients.listen.ip()) {
        warnings.push("clients are served without TLS on a public address: put a proxy that speaks TLS in front");
    }
    if operation
        .admin
        .is_some_and(|address| !address.ip().is_loopback())
    {
        warnings
            .push("the admin address is reachable from other machines and has no access control");
    }
    warnings
        .into_iter()
        .map(|text| Warning(text.to_owned()))
        .collect()
}

/// Loopback and addresses that no stranger reaches.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}
