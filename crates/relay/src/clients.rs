//! What one client may use at once: connections, waiting tunnels, new tunnels a second.
//!
//! A client is an address prefix: one IPv4 address, or the /56 that a home usually gets of IPv6.
//! Entries exist while something counts against them; idle ones go when the table has doubled.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::config::Quotas;

/// Locks to spread clients over, by the last bits of their addresses.
const SHARDS: usize = 16;

/// Entries below which a shard is not swept.
const SWEEP_FROM: usize = 1024;

/// All clients that use something.
#[derive(Debug)]
pub(crate) struct Clients {
    quotas: Quotas,
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Debug, Default)]
struct Shard {
    clients: HashMap<Prefix, Arc<Mutex<Usage>>>,
    sweep_at: usize,
}

/// The part of an address that counts as one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Prefix(u64);

#[derive(Debug)]
struct Usage {
    connections: u32,
    waiting: u32,
    /// New tunnels that are allowed now, refilled as time goes by.
    tokens: f64,
    refilled: Instant,
}

/// Which quota is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exceeded {
    Connections,
    Waiting,
    Rate,
}

/// One connection of a client. Dropping it gives the place back.
#[derive(Debug)]
pub(crate) struct ClientConnection(Arc<Mutex<Usage>>);

/// One waiting tunnel of a client. Dropping it gives the place back.
#[derive(Debug)]
pub(crate) struct ClientTunnel(Arc<Mutex<Usage>>);

impl Clients {
    pub(crate) fn new(quotas: Quotas) -> Self {
        Self {
            quotas,
            shards: Default::default(),
        }
    }

    /// Counts a connection of the client at `address`.
    pub(crate) fn connect(&self, address: IpAddr) -> Result<ClientConnection, Exceeded> {
        let client = self.client(Prefix::of(address));
        let mut usage = lock(&client);
        if self
            .quotas
            .connections
            .is_some_and(|most| usage.connections >= most)
        {
            return Err(Exceeded::Connections);
        }
        usage.connections += 1;
        drop(usage);
        Ok(ClientConnection(client))
    }

    /// Counts a new tunnel of a client.
    pub(crate) fn open(&self, client: &ClientConnection) -> Result<ClientTunnel, Exceeded> {
        let mut usage = lock(&client.0);
        if self
            .quotas
            .waiting_tunnels
            .is_some_and(|most| usage.waiting >= most)
        {
            return Err(Exceeded::Waiting);
        }
        if let Some(rate) = self.quotas.tunnels_per_second {
            let now = Instant::now();
            let refill = (now - usage.refilled).as_secs_f64() * f64::from(rate);
            usage.tokens = (usage.tokens + refill).min(f64::from(rate));
            usage.refilled = now;
            if usage.tokens < 1.0 {
                return Err(Exceeded::Rate);
            }
            usage.tokens -= 1.0;
        }
        usage.waiting += 1;
        drop(usage);
        Ok(ClientTunnel(Arc::clone(&client.0)))
    }

    fn client(&self, prefix: Prefix) -> Arc<Mutex<Usage>> {
        let [first, ..] = &self.shards;
        let [low, ..] = prefix.0.to_le_bytes();
        let shard = self.shards.get(usize::from(low) % SHARDS);
        let mut shard = lock(shard.unwrap_or(first));
        if shard.clients.len() >= shard.sweep_at.max(SWEEP_FROM) {
            // Whatever somebody holds is in use; a second's rest refills the tokens.
            let now = Instant::now();
            shard.clients.retain(|_, client| {
                Arc::strong_count(client) > 1 || (now - lock(client).refilled).as_secs() < 1
            });
            shard.sweep_at = shard.clients.len() * 2;
        }
        let client = shard.clients.entry(prefix).or_insert_with(|| {
            Arc::new(Mutex::new(Usage {
                connections: 0,
                waiting: 0,
                tokens: f64::from(self.quotas.tunnels_per_second.unwrap_or_default()),
                refilled: Instant::now(),
            }))
        });
        Arc::clone(client)
    }
}

impl Prefix {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            // No IPv6 prefix in use has these upper bits.
            IpAddr::V4(v4) => Self(u64::from(v4.to_bits())),
            IpAddr::V6(v6) => {
                let upper = u64::try_from(v6.to_bits() >> 64).unwrap_or_default();
                Self(upper >> 8 | 1 << 63)
            }
        }
    }
}

impl Drop for ClientConnection {
    fn drop(&mut self) {
        let mut usage = lock(&self.0);
        usage.connections = usage.connections.saturating_sub(1);
    }
}

impl Drop for ClientTunnel {
    fn drop(&mut self) {
        let mut usage = lock(&self.0);
        usage.waiting = usage.waiting.saturating_sub(1);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn clients(change: impl FnOnce(&mut Quotas)) -> Clients {
        let mut quotas = Quotas::default();
        change(&mut quotas);
        Clients::new(quotas)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn connections_at_the_limit_and_one_past_it() {
        let clients = clients(|quotas| quotas.connections = Some(2));
        let first = clients.connect(ip("192.0.2.1")).unwrap();
        let _second = clients.connect(ip("::ffff:192.0.2.1")).unwrap();
        assert_eq!(
            clients.connect(ip("192.0.2.1")).err(),
            Some(Exceeded::Connections)
        );
        clients.connect(ip("192.0.2.2")).unwrap();
        drop(first);
        clients.connect(ip("192.0.2.1")).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_56_bit_prefix_is_one_ipv6_client() {
        let clients = clients(|quotas| quotas.connections = Some(1));
        let _held = clients.connect(ip("2001:db8:1:2200::1")).unwrap();
        assert!(clients.connect(ip("2001:db8:1:22ff:9::7")).is_err());
        clients.connect(ip("2001:db8:1:2300::1")).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_tunnels_at_the_limit_and_one_past_it() {
        let clients = clients(|quotas| quotas.waiting_tunnels = Some(1));
        let client = clients.connect(ip("192.0.2.1")).unwrap();
        let waiting = clients.open(&client).unwrap();
        assert_eq!(clients.open(&client).err(), Some(Exceeded::Waiting));
        drop(waiting);
        let _waiting = clients.open(&client).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn new_tunnels_a_second() {
        let clients = clients(|quotas| quotas.tunnels_per_second = Some(3));
        let client = clients.connect(ip("192.0.2.1")).unwrap();
        for _ in 0..3 {
            clients.open(&client).unwrap();
        }
        assert_eq!(clients.open(&client).err(), Some(Exceeded::Rate));
        tokio::time::advance(Duration::from_millis(340)).await;
        clients.open(&client).unwrap();
        assert_eq!(clients.open(&client).err(), Some(Exceeded::Rate));
    }

    #[tokio::test(start_paused = true)]
    async fn idle_clients_are_forgotten() {
        let clients = clients(|_| {});
        for n in 0..100_000_u32 {
            if n % 10_000 == 0 {
                tokio::time::advance(Duration::from_secs(2)).await;
            }
            clients.connect(IpAddr::from(n.to_be_bytes())).unwrap();
        }
        let held: usize = clients
            .shards
            .iter()
            .map(|shard| lock(shard).clients.len())
            .sum();
        assert!(held < 50_000, "{held}");
    }
}
