//! The first of a host's addresses to accept a connection (Happy Eyeballs, RFC 8305).
//!
//! IPv6 that leads nowhere is common, and a packet that gets lost is missed only after seconds. So
//! the addresses are not tried one after the other: each gets a short [head start](HEAD_START),
//! the families take turns, and whoever connects first wins.
//!
//! Of the RFC, the two parts that need a resolver of one's own are left out: connecting while one
//! of the two look-ups is still under way (§3), and remembering what worked (§4).

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::{sleep, timeout};

use crate::deadline::Deadline;
use crate::open_error::{Attempt, Attempts};

/// How long an attempt goes on alone before the next one joins it: the "Connection Attempt Delay",
/// with the value that RFC 8305 §8 recommends. Most networks answer sooner, so that a healthy host
/// sees one connection.
const HEAD_START: Duration = Duration::from_millis(250);

/// Addresses of one host that are tried at most. The last one begins after 4 s, which leaves it
/// most of [`DIAL_LIMIT`](crate::DIAL_LIMIT); whoever controls a domain cannot have this machine
/// knock on a hundred doors.
pub(crate) const MAX_ADDRESSES: usize = 16;

/// Connects to the first of `addresses` that accepts, with `connect` for each.
///
/// An attempt that fails lets the next one begin at once. The others are dropped when one wins.
///
/// # Errors
/// Every address that was tried, in the order of their ends. One that has not answered when the
/// time is up fails with [`io::ErrorKind::TimedOut`].
///
/// # Cancel safety
/// A future that is dropped drops all its attempts.
pub(crate) async fn first_to_connect<S>(
    addresses: &[SocketAddr],
    deadline: &Deadline,
    connect: impl AsyncFn(SocketAddr) -> io::Result<S>,
) -> Result<S, Attempts> {
    let attempt = async |address| {
        let left = deadline.left();
        let outcome = timeout(left, connect(address)).await.unwrap_or_else(|_| {
            let words = format!("no answer in {:.1} s", left.as_secs_f32());
            Err(io::Error::new(io::ErrorKind::TimedOut, words))
        });
        outcome.map_err(|error| Attempt { address, error })
    };
    let mut waiting = interleaved(addresses).into_iter().take(MAX_ADDRESSES);
    let mut running = FuturesUnordered::new();
    let mut failed = Vec::new();
    loop {
        if !deadline.left().is_zero()
            && let Some(address) = waiting.next()
        {
            running.push(attempt(address));
        }
        tokio::select! {
            outcome = running.next() => match outcome {
                Some(Ok(connection)) => return Ok(connection),
                Some(Err(attempt)) => {
                    tracing::debug!(address = %attempt.address, error = %attempt.error, "next address");
                    failed.push(attempt);
                }
                None => {
                    let untried = addresses.len() - failed.len();
                    return Err(Attempts { failed, untried });
                }
            },
            () = sleep(HEAD_START), if waiting.len() > 0 => {}
        }
    }
}

/// The families take turns, beginning with that of the first address; within a family the order
/// stays, which is the resolver's preference (RFC 8305 §4, a "First Address Family Count" of 1).
fn interleaved(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (preferred, other): (Vec<SocketAddr>, Vec<SocketAddr>) = addresses
        .iter()
        .partition(|address| address.is_ipv6() == first_is_v6);
    let (mut preferred, mut other) = (preferred.into_iter(), other.into_iter());
    let mut turns = Vec::with_capacity(addresses.len());
    while turns.len() < addresses.len() {
        turns.extend(preferred.next());
        turns.extend(other.next());
    }
    turns
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::future::pending;

    use tokio::time::Instant;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(20);

    fn v6(last: u16) -> SocketAddr {
        SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, last], 443))
    }

    fn v4(last: u8) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, last], 443))
    }

    fn refused<S>() -> io::Result<S> {
        Err(io::ErrorKind::ConnectionRefused.into())
    }

    /// Counts itself as long as it lives.
    struct Attempting<'a>(&'a Cell<usize>);

    impl<'a> Attempting<'a> {
        fn begin(alive: &'a Cell<usize>) -> Self {
            alive.set(alive.get() + 1);
            Self(alive)
        }
    }

    impl Drop for Attempting<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() - 1);
        }
    }

    #[test]
    fn families_take_turns_and_keep_their_order() {
        let resolved = [v6(1), v6(2), v6(3), v4(1), v4(2)];
        assert_eq!(interleaved(&resolved), [v6(1), v4(1), v6(2), v4(2), v6(3)]);
        let resolved = [v4(1), v6(1), v6(2)];
        assert_eq!(interleaved(&resolved), [v4(1), v6(1), v6(2)]);
        assert_eq!(interleaved(&[v4(1), v4(2)]), [v4(1), v4(2)]);
        assert_eq!(interleaved(&[]), []);
    }

    #[tokio::test(start_paused = true)]
    async fn ipv6_that_leads_nowhere_costs_one_head_start() {
        let began = Instant::now();
        let alive = Cell::new(0);
        let connect = async |address: SocketAddr| {
            let _counted = Attempting::begin(&alive);
            if address.is_ipv6() {
                pending::<()>().await;
            }
            Ok(address)
        };
        let resolved = [v6(1), v6(2), v4(1), v4(2)];
        let connected = first_to_connect(&resolved, &Deadline::after(LIMIT), connect).await;
        assert_eq!(connected.unwrap(), v4(1));
        assert_eq!(began.elapsed(), HEAD_START);
        assert_eq!(alive.get(), 0, "a loser goes on");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_lets_the_next_begin_at_once() {
        let began = Instant::now();
        let connect = async |address: SocketAddr| match address {
            SocketAddr::V6(_) => refused(),
            SocketAddr::V4(_) => Ok(address),
        };
        let connected = first_to_connect(&[v6(1), v4(1)], &Deadline::after(LIMIT), connect).await;
        assert_eq!(connected.unwrap(), v4(1));
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn an_early_attempt_that_is_only_slow_still_wins() {
        let began = Instant::now();
        let connect = async |address: SocketAddr| {
            if address == v6(1) {
                sleep(HEAD_START * 2).await;
                return Ok(address);
            }
            pending().await
        };
        let resolved = [v6(1), v4(1), v6(2), v4(2)];
        let connected = first_to_connect(&resolved, &Deadline::after(LIMIT), connect).await;
        assert_eq!(connected.unwrap(), v6(1));
        assert_eq!(began.elapsed(), HEAD_START * 2);
    }

    #[tokio::test(start_paused = true)]
    async fn who_answers_within_the_head_start_is_asked_alone() {
        let tried = RefCell::new(Vec::new());
        let connect = async |address| {
            tried.borrow_mut().push(address);
            sleep(Duration::from_millis(249)).await;
            Ok(address)
        };
        let connected = first_to_connect(&[v6(1), v4(1)], &Deadline::after(LIMIT), connect).await;
        assert_eq!(connected.unwrap(), v6(1));
        assert_eq!(*tried.borrow(), [v6(1)]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_error_names_every_address_and_what_it_said() {
        let began = Instant::now();
        let connect = async |address: SocketAddr| match address {
            SocketAddr::V6(_) => pending::<io::Result<()>>().await,
            SocketAddr::V4(_) => refused(),
        };
        let deadline = Deadline::after(LIMIT);
        let error = first_to_connect(&[v6(1), v4(1)], &deadline, connect).await;
        let error = error.unwrap_err();
        assert_eq!(began.elapsed(), LIMIT);
        let kinds = error.failed.iter().map(|a| (a.address, a.error.kind()));
        let kinds: Vec<_> = kinds.collect();
        assert_eq!(
            kinds,
            [
                (v4(1), io::ErrorKind::ConnectionRefused),
                (v6(1), io::ErrorKind::TimedOut)
            ]
        );
        assert_eq!(
            error.to_string(),
            "192.0.2.1:443: connection refused; [2001:db8::1]:443: no answer in 20.0 s"
        );
    }

    async fn all_refuse(addresses: &[SocketAddr]) -> Attempts {
        let deadline = Deadline::after(LIMIT);
        let connect = async |_| refused::<()>();
        let error = first_to_connect(addresses, &deadline, connect).await;
        error.unwrap_err()
    }

    #[tokio::test(start_paused = true)]
    async fn as_many_addresses_as_the_limit_are_tried_and_not_one_more() {
        let mut addresses: Vec<_> = (0..16).map(v4).collect();
        assert_eq!(addresses.len(), MAX_ADDRESSES);
        let error = all_refuse(&addresses).await;
        assert_eq!((error.failed.len(), error.untried), (MAX_ADDRESSES, 0));

        addresses.push(v6(17));
        let error = all_refuse(&addresses).await;
        assert_eq!((error.failed.len(), error.untried), (MAX_ADDRESSES, 1));
        assert!(
            error.failed.iter().any(|tried| tried.address == v6(17)),
            "the other family is left out"
        );
        assert!(error.to_string().ends_with("(1 more not tried)"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn no_attempt_begins_when_the_time_is_up() {
        let tried = RefCell::new(Vec::new());
        let connect = async |address| {
            tried.borrow_mut().push(address);
            pending::<io::Result<()>>().await
        };
        let deadline = Deadline::after(HEAD_START + Duration::from_millis(1));
        let addresses = [v4(1), v4(2), v4(3)];
        let error = first_to_connect(&addresses, &deadline, connect).await;
        assert_eq!(error.unwrap_err().untried, 1);
        assert_eq!(*tried.borrow(), [v4(1), v4(2)]);
    }
}
