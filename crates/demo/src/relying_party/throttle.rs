//! How many passwords one client may try: in memory, by address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::limits::{Limit, Limits};
use super::refusal::Refusal;

/// Passwords that one client may try in a [`THROTTLE_WINDOW`]. People of one office share an
/// address, so it is more than one person needs; the lock-out protects each name.
pub const MAX_TRIES_PER_CLIENT: u32 = 60;
/// What tries are counted over.
pub const THROTTLE_WINDOW: Duration = Duration::from_mins(1);
/// Most clients that are counted one by one; beyond that they share a count.
pub const MAX_CLIENTS: usize = 10_000;

/// Tries in the present window.
#[derive(Default)]
pub(super) struct Throttle(Mutex<HashMap<Option<IpAddr>, Tries>>);

struct Tries {
    since: SystemTime,
    count: u32,
}

impl Throttle {
    /// Counts a try of a client; `None` is everybody whose address is not known.
    pub(super) fn count(
        &self,
        client: Option<IpAddr>,
        now: SystemTime,
        limits: &Limits,
    ) -> Result<(), Refusal> {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut client = client.map(network);
        if clients.len() >= MAX_CLIENTS && !clients.contains_key(&client) {
            clients.retain(|_, tries| tries.is_current(now));
            if clients.len() >= MAX_CLIENTS {
                client = None;
                limits.reached(Limit::Clients);
            }
        }
        let fresh = || Tries {
            since: now,
            count: 0,
        };
        let tries = clients.entry(client).or_insert_with(fresh);
        if !tries.is_current(now) {
            *tries = fresh();
        }
        if tries.count >= MAX_TRIES_PER_CLIENT {
            let left = (tries.since + THROTTLE_WINDOW).duration_since(now);
            let left = left.unwrap_or_default();
            return Err(Refusal::TooManyTries { left }.counted(limits));
        }
        tries.count += 1;
        Ok(())
    }
}

impl Tries {
    /// A clock that was set back does not lock anybody out for long.
    fn is_current(&self, now: SystemTime) -> bool {
        now.duration_since(self.since)
            .is_ok_and(|age| age < THROTTLE_WINDOW)
    }
}

/// One household or server has a /64 of IPv6 at least.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: SystemTime = SystemTime::UNIX_EPOCH;

    fn v6(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_client_has_so_many_tries_and_not_one_more() {
        let (throttle, limits) = (Throttle::default(), Limits::new().unwrap());
        for _ in 0..MAX_TRIES_PER_CLIENT {
            throttle
                .count(Some(v6("2001:db8::1")), START, &limits)
                .unwrap();
        }
        assert_eq!(limits.count(Limit::Tries), 0);
        let neighbour = Some(v6("2001:db8::ffff"));
        let refused = throttle.count(neighbour, START, &limits);
        assert!(matches!(refused, Err(Refusal::TooManyTries { .. })));
        assert_eq!(limits.count(Limit::Tries), 1);
        throttle
            .count(Some(v6("2001:db8:0:1::1")), START, &limits)
            .unwrap();
        throttle
            .count(neighbour, START + THROTTLE_WINDOW, &limits)
            .unwrap();
    }

    #[test]
    fn clients_beyond_the_limit_share_a_count() {
        let (throttle, limits) = (Throttle::default(), Limits::new().unwrap());
        for n in 0..u32::try_from(MAX_CLIENTS).unwrap() {
            let client = Some(IpAddr::V4(n.into()));
            throttle.count(client, START, &limits).unwrap();
        }
        assert_eq!(limits.count(Limit::Clients), 0);
        for _ in 0..MAX_TRIES_PER_CLIENT {
            throttle
                .count(Some(v6("2001:db8::1")), START, &limits)
                .unwrap();
        }
        assert_eq!(
            limits.count(Limit::Clients),
            u64::from(MAX_TRIES_PER_CLIENT)
        );
        let refused = throttle.count(Some(v6("2001:db8:1::1")), START, &limits);
        assert!(matches!(refused, Err(Refusal::TooManyTries { .. })));
        let counted = Some(IpAddr::V4(0.into()));
        throttle.count(counted, START, &limits).unwrap();
    }
}
