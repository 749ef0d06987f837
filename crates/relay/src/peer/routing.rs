//! Which instance a routing id names.
//!
//! ```text
//!  hex digit   1      2 3     4 5 6
//!            zone    slot   generation
//!            4 bits  8 bits  12 bits
//! ```
//!
//! - **zone**: room for a second cluster behind the same domain. It is 0 today, and any other is
//!   nobody's.
//! - **slot**: the number of the instance, which a `StatefulSet` gives. It stands alone in two hex
//!   digits, so that a proxy in front can route by them.
//! - **generation**: the second of the instance's start, modulo 4096. An instance that comes back
//!   has another one, so that ids of its earlier life are nobody's: a phone's advert lives for
//!   minutes, and generations repeat after more than an hour.
//!
//! Threads need no bits: a waiting phone is found from every thread, and a laptop's socket moves to
//! the thread of its phone.

use std::time::SystemTime;

use hawser_wire::RoutingId;

/// The number of an instance in its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Slot(u8);

/// Which life of an instance it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generation(u16);

/// A slot in its present life: what a routing id of this service says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Which instance.
    pub slot: Slot,
    /// Which of its lives.
    pub generation: Generation,
}

/// Why there is no slot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SlotError {
    /// There are fewer slots.
    #[error("slot {0} does not exist: slots are 0 to {max}", max = Slot::COUNT - 1)]
    TooLarge(u32),
    /// The host name has no number at its end.
    #[error("the host name {0:?} does not end in -NUMBER as a StatefulSet's pods do; say the slot")]
    NoOrdinal(String),
}

impl Slot {
    /// How many there can be.
    pub const COUNT: u16 = 256;

    /// The slot with this number.
    ///
    /// # Errors
    /// [`SlotError::TooLarge`] from [`Self::COUNT`] on.
    pub fn new(number: u16) -> Result<Self, SlotError> {
        u8::try_from(number)
            .map(Self)
            .map_err(|_| SlotError::TooLarge(number.into()))
    }

    /// The slot of a pod by its host name, `hawser-relay-3` or `hawser-relay-3.example`.
    ///
    /// # Errors
    /// [`SlotError`] when there is no number, or too large a one.
    pub fn of_host(name: &str) -> Result<Self, SlotError> {
        let label = name.split('.').next().unwrap_or_default();
        let number = label
            .rsplit_once('-')
            .map(|(_, digits)| digits)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|digits| digits.parse::<u32>().ok())
            .ok_or_else(|| SlotError::NoOrdinal(name.to_owned()))?;
        u8::try_from(number)
            .map(Self)
            .map_err(|_| SlotError::TooLarge(number))
    }

    /// The slot that a routing id names.
    #[must_use]
    pub fn of(routing: RoutingId) -> Self {
        let [high, low, _] = *routing.as_bytes();
        Self(high << 4 | low >> 4)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl Generation {
    /// The one that starts at this time.
    #[must_use]
    pub fn at(start: SystemTime) -> Self {
        let seconds = start
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        Self(u16::try_from(seconds % 4096).unwrap_or_default())
    }
}

impl Identity {
    /// As it stands in adverts and URLs.
    #[must_use]
    pub fn routing_id(self) -> RoutingId {
        let Slot(slot) = self.slot;
        let Generation(generation) = self.generation;
        let [high, low] = generation.to_be_bytes();
        RoutingId::from_bytes([slot >> 4, slot << 4 | high, low])
    }
}

/// Whether a routing id is of the one zone that there is.
pub(super) fn in_this_zone(routing: RoutingId) -> bool {
    let [high, ..] = *routing.as_bytes();
    high >> 4 == 0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn id(slot: u16, seconds: u64) -> RoutingId {
        let slot = Slot::new(slot).unwrap();
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let generation = Generation::at(start);
        Identity { slot, generation }.routing_id()
    }

    #[test]
    fn each_part_has_its_hex_digits() {
        assert_eq!(id(0, 0).to_hex(), "000000");
        assert_eq!(id(0xAB, 0x1CDE).to_hex(), "0ABCDE");
        assert_eq!(id(255, 4095).to_hex(), "0FFFFF");
    }

    #[test]
    fn every_slot_is_read_back() {
        for number in 0..Slot::COUNT {
            let routing = id(number, 1_700_000_000);
            assert_eq!(u16::from(Slot::of(routing).number()), number);
            assert!(in_this_zone(routing));
        }
        assert_eq!(Slot::new(256), Err(SlotError::TooLarge(256)));
    }

    #[test]
    fn a_generation_lasts_a_second_and_repeats_after_an_hour() {
        assert_ne!(id(3, 1000), id(3, 1001));
        assert_ne!(id(3, 1000), id(3, 1000 + 3600));
        assert_eq!(id(3, 1000), id(3, 1000 + 4096));
    }

    #[test]
    fn a_pod_knows_its_slot() {
        let slot = |name| Slot::of_host(name).map(Slot::number);
        assert_eq!(slot("hawser-relay-0"), Ok(0));
        assert_eq!(slot("hawser-relay-12.hawser-relay-peers.ns.svc"), Ok(12));
        assert_eq!(slot("a-255"), Ok(255));
        assert_eq!(slot("a-256"), Err(SlotError::TooLarge(256)));
        for name in [
            "",
            "relay",
            "relay-",
            "relay-x",
            "relay-1x",
            "relay3",
            "a-99999999999",
        ] {
            assert!(matches!(slot(name), Err(SlotError::NoOrdinal(_))), "{name}");
        }
    }
}
