//! Who waits for whom.
//!
//! A phone registers before it gets its 101, so that a fast laptop never comes too early. A laptop
//! claims before it gets its 101, so that exactly one wins. A registration that ends takes away its
//! own entry and no other: entries carry a generation, compared under the lock that removes them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hawser_wire::TunnelId;
use tokio::sync::oneshot;

/// Locks to spread tunnels over, so that cores rarely meet at one.
const SHARDS: usize = 64;

/// All waiting phones. `J` is what a laptop hands over when it joins.
#[derive(Debug)]
pub(crate) struct Pairing<J> {
    shards: Arc<[Mutex<Shard<J>>; SHARDS]>,
}

#[derive(Debug)]
struct Shard<J> {
    waiting: HashMap<TunnelId, Place<J>>,
    last_generation: u64,
}

#[derive(Debug)]
struct Place<J> {
    generation: u64,
    ticket: Ticket<J>,
}

/// The tunnel id is taken: a phone waits under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken;

/// A waiting phone's side. Dropping it takes the entry away, if it is still there.
#[derive(Debug)]
pub(crate) struct Registration<J> {
    pairing: Pairing<J>,
    tunnel: TunnelId,
    generation: u64,
    joined: oneshot::Receiver<J>,
}

/// A laptop's right to join: there is one for each registration. Dropping it unused wakes the phone.
#[derive(Debug)]
pub(crate) struct Ticket<J>(oneshot::Sender<J>);

impl<J> Pairing<J> {
    pub(crate) fn new() -> Self {
        let shard = || {
            Mutex::new(Shard {
                waiting: HashMap::new(),
                last_generation: 0,
            })
        };
        Self {
            shards: Arc::new(std::array::from_fn(|_| shard())),
        }
    }

    /// Registers a phone under its tunnel id.
    ///
    /// # Errors
    /// [`Taken`] while another one waits there: the first is not displaced, because whoever saw the
    /// QR code could then steal it.
    pub(crate) fn register(&self, tunnel: TunnelId) -> Result<Registration<J>, Taken> {
        let mut shard = self.shard(tunnel);
        let generation = shard.last_generation + 1;
        let Entry::Vacant(place) = shard.waiting.entry(tunnel) else {
            return Err(Taken);
        };
        let (ticket, joined) = oneshot::channel();
        place.insert(Place {
            generation,
            ticket: Ticket(ticket),
        });
        shard.last_generation = generation;
        Ok(Registration {
            pairing: self.clone(),
            tunnel,
            generation,
            joined,
        })
    }

    /// Takes the one ticket for a tunnel. `None` when nobody waits there.
    pub(crate) fn claim(&self, tunnel: TunnelId) -> Option<Ticket<J>> {
        self.shard(tunnel)
            .waiting
            .remove(&tunnel)
            .map(|place| place.ticket)
    }

    /// Takes every entry away: all phones are told at once, by the error of [`Registration::joined`].
    pub(crate) fn clear(&self) {
        for shard in self.shards.iter() {
            let waiting = std::mem::take(&mut lock(shard).waiting);
            drop(waiting);
        }
    }

    fn shard(&self, tunnel: TunnelId) -> MutexGuard<'_, Shard<J>> {
        // Ids are hashes or random, so any byte spreads them; HashMap's own hash guards against the
        // ids of an attacker.
        let [.., last] = *tunnel.as_bytes();
        let shard = self
            .shards
            .get(usize::from(last) % SHARDS)
            .or(self.shards.first());
        match shard {
            Some(shard) => lock(shard),
            None => unreachable!("there are always {SHARDS} shards"),
        }
    }
}

fn lock<J>(shard: &Mutex<Shard<J>>) -> MutexGuard<'_, Shard<J>> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<J> Clone for Pairing<J> {
    fn clone(&self) -> Self {
        Self {
            shards: Arc::clone(&self.shards),
        }
    }
}

impl<J> Registration<J> {
    /// Resolves to what the laptop handed over, or an error if it failed after claiming.
    pub(crate) fn joined(&mut self) -> &mut oneshot::Receiver<J> {
        &mut self.joined
    }
}

impl<J> Drop for Registration<J> {
    fn drop(&mut self) {
        let mut shard = self.pairing.shard(self.tunnel);
        if let Entry::Occupied(place) = shard.waiting.entry(self.tunnel)
            && place.get().generation == self.generation
        {
            place.remove();
        }
    }
}

impl<J> Ticket<J> {
    /// Hands `joining` to the phone's task.
    ///
    /// # Errors
    /// Gives it back when the phone has gone meanwhile.
    pub(crate) fn join(self, joining: J) -> Result<(), J> {
        self.0.send(joining)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> TunnelId {
        TunnelId::from_bytes([n; 16])
    }

    #[test]
    fn the_first_laptop_wins() {
        let pairing = Pairing::new();
        let mut phone = pairing.register(id(1)).unwrap();
        pairing.claim(id(1)).unwrap().join("laptop").unwrap();
        assert!(pairing.claim(id(1)).is_none());
        assert_eq!(phone.joined().try_recv(), Ok("laptop"));
    }

    #[test]
    fn a_second_phone_is_refused_and_the_first_keeps_its_place() {
        let pairing = Pairing::<()>::new();
        let _first = pairing.register(id(1)).unwrap();
        assert_eq!(pairing.register(id(1)).err(), Some(Taken));
        assert!(pairing.claim(id(1)).is_some());
    }

    #[test]
    fn an_ended_registration_leaves_no_entry() {
        let pairing = Pairing::<()>::new();
        drop(pairing.register(id(1)).unwrap());
        assert!(pairing.claim(id(1)).is_none());
    }

    #[test]
    fn an_old_registration_cannot_remove_a_newer_one() {
        let pairing = Pairing::<()>::new();
        let old = pairing.register(id(1)).unwrap();
        let _ticket = pairing.claim(id(1)).unwrap();
        let _new = pairing.register(id(1)).unwrap();
        drop(old);
        assert!(pairing.claim(id(1)).is_some());
    }

    #[test]
    fn a_laptop_that_fails_wakes_the_phone() {
        let pairing = Pairing::<()>::new();
        let mut phone = pairing.register(id(1)).unwrap();
        drop(pairing.claim(id(1)));
        assert_eq!(
            phone.joined().try_recv(),
            Err(oneshot::error::TryRecvError::Closed)
        );
    }

    #[test]
    fn a_thousand_races_have_one_winner_each() {
        for _ in 0..1000 {
            let pairing = Pairing::<usize>::new();
            let mut phone = pairing.register(id(7)).unwrap();
            let barrier = std::sync::Barrier::new(2);
            let won: Vec<bool> = std::thread::scope(|scope| {
                let laptop = |name| {
                    let (pairing, barrier) = (&pairing, &barrier);
                    scope.spawn(move || {
                        barrier.wait();
                        pairing
                            .claim(id(7))
                            .is_some_and(|ticket| ticket.join(name).is_ok())
                    })
                };
                let laptops = [laptop(0), laptop(1)];
                laptops
                    .into_iter()
                    .map(|laptop| laptop.join().unwrap())
                    .collect()
            });
            let winner = phone.joined().try_recv().unwrap();
            assert_eq!(won.iter().filter(|won| **won).count(), 1);
            assert!(won[winner]);
        }
    }
}
