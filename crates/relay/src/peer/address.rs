//! Where an instance is: its name is looked up once at a time, however many want to know.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

/// Age from which an answer is asked for again. A pod that is replaced comes back with another address,
/// and its old one is nobody's or somebody else's: whoever dials that keeps a laptop waiting in vain.
/// So this, and what name servers keep, is how long a new pod has to wait for its first phone.
const FRESH: Duration = Duration::from_secs(5);

/// Time for that question while there is an older answer, which counts when it is over: an instance
/// that has not moved is found though the name server is not.
const REFRESH_TIME: Duration = Duration::from_millis(250);

/// Addresses of one instance to try: one of each IP version, and some to spare.
const MOST: usize = 4;

/// The addresses of a name. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct Address(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// A host name and a port.
    name: String,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    addresses: Vec<SocketAddr>,
    since: Option<Instant>,
    /// A lookup under way. The system's resolver cannot be interrupted, so whoever gives up leaves
    /// it to the next one.
    lookup: Option<watch::Receiver<Option<Vec<SocketAddr>>>>,
    /// The last lookup has ended, and there was no such name.
    is_nowhere: bool,
}

impl Address {
    pub(super) fn new(name: String) -> Self {
        Self(Arc::new(Inner {
            name,
            known: Mutex::default(),
        }))
    }

    /// The addresses, possibly none.
    ///
    /// # Cancel safety
    /// A lookup that has begun goes on for the next caller.
    pub(super) async fn find(&self) -> Vec<SocketAddr> {
        let (mut lookup, old) = {
            let mut known = self.0.lock();
            if known.since.is_some_and(|since| since.elapsed() < FRESH) {
                return known.addresses.clone();
            }
            let lookup = match &known.lookup {
                // A lookup whose runtime has gone never ends.
                Some(lookup) if lookup.has_changed().is_ok() => lookup.clone(),
                _ => {
                    known.is_nowhere = false;
                    self.look_up()
                }
            };
            known.lookup = Some(lookup.clone());
            (lookup, known.addresses.clone())
        };
        let found = async {
            match lookup.wait_for(Option::is_some).await {
                Ok(found) => found.clone().unwrap_or_default(),
                Err(_) => Vec::new(),
            }
        };
        if old.is_empty() {
            return found.await;
        }
        match timeout(REFRESH_TIME, found).await {
            Ok(found) if !found.is_empty() => found,
            _ => old,
        }
    }

    /// Whether name servers know no such name: a slot without an instance, as a rule.
    pub(super) fn is_nowhere(&self) -> bool {
        self.0.lock().is_nowhere
    }

    /// What is known is wrong.
    pub(super) fn forget(&self) {
        let mut known = self.0.lock();
        known.since = None;
        known.addresses = Vec::new();
    }

    fn look_up(&self) -> watch::Receiver<Option<Vec<SocketAddr>>> {
        let (tell, lookup) = watch::channel(None);
        let inner = Arc::clone(&self.0);
        // Ends by itself, when the resolver's own time is over at the latest.
        tokio::spawn(async move {
            let found = lookup_host(&inner.name).await;
            let found: Vec<_> = found.into_iter().flatten().take(MOST).collect();
            let mut known = inner.lock();
            known.is_nowhere = found.is_empty();
            if !found.is_empty() {
                known.since = Some(Instant::now());
                known.addresses.clone_from(&found);
            }
            known.lookup = None;
            drop(known);
            tell.send_replace(Some(found));
        });
        lookup
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn finds_and_forgets() {
        let address = Address::new("127.0.0.1:81".to_owned());
        let found = address.find().await;
        assert_eq!(found, ["127.0.0.1:81".parse().unwrap()]);
        assert!(address.0.lock().since.is_some());
        assert!(address.0.lock().lookup.is_none());
        address.forget();
        assert_eq!(address.find().await, found);
    }

    #[tokio::test]
    async fn a_name_that_is_none_has_no_addresses() {
        let address = Address::new("no such name:81".to_owned());
        assert!(address.find().await.is_empty());
        assert!(address.0.lock().since.is_none(), "asked again next time");
        assert!(address.is_nowhere());
    }

    /// An address that was found a while ago.
    fn found_before(name: &str, old: SocketAddr) -> Address {
        let address = Address::new(name.to_owned());
        {
            let mut known = address.0.lock();
            known.addresses = vec![old];
            known.since = Instant::now().checked_sub(FRESH);
        }
        address
    }

    #[tokio::test]
    async fn an_instance_that_has_moved_is_looked_for_before_it_is_dialled() {
        let address = found_before("127.0.0.1:81", "127.0.0.2:81".parse().unwrap());
        assert_eq!(address.find().await, ["127.0.0.1:81".parse().unwrap()]);
        assert!(!address.is_nowhere());
    }

    #[tokio::test]
    async fn an_old_answer_counts_when_there_is_no_new_one() {
        let old: SocketAddr = "127.0.0.2:81".parse().unwrap();
        let address = found_before("no such name:81", old);
        assert_eq!(address.find().await, [old]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_old_answer_counts_when_the_new_one_is_late() {
        let old: SocketAddr = "127.0.0.2:81".parse().unwrap();
        let address = found_before("127.0.0.1:81", old);
        // A lookup that goes on for ever.
        let (_tell, lookup) = watch::channel(None);
        address.0.lock().lookup = Some(lookup);
        let since = Instant::now();
        assert_eq!(address.find().await, [old]);
        assert_eq!(since.elapsed(), REFRESH_TIME);
    }

    #[tokio::test]
    async fn many_callers_share_a_lookup_and_none_owns_it() {
        let address = Address::new("127.0.0.1:81".to_owned());
        let mut given_up = Box::pin(address.find());
        assert!(futures_util::poll!(&mut given_up).is_pending());
        drop(given_up);
        assert!(address.0.lock().lookup.is_some());
        assert_eq!(address.find().await.len(), 1);
    }

    #[test]
    fn a_lookup_whose_runtime_has_gone_is_begun_anew() {
        let address = Address::new("127.0.0.1:81".to_owned());
        let runtime = || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap()
        };
        runtime().block_on(async {
            let mut given_up = Box::pin(address.find());
            assert!(futures_util::poll!(&mut given_up).is_pending());
        });
        let found = runtime().block_on(address.find());
        assert_eq!(found.len(), 1);
    }
}
