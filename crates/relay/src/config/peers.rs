//! Where the other instances are, if there are any.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use hawser_wire::RoutingId;

use super::amount::Ceiling;
use super::table::settings;
use super::value::{Count, File, OrNone, OrOff, Text, Time, Written};
use crate::peer::{
    Generation, Identity, Keys, KeysError, PeerConfig, PeerLimits, Slot, SlotError, Template,
};

settings! {
    /// Several instances behind one domain. Without a template there is one.
    pub struct Peers {
        /// Host name and port of the instances, with {slot} where the number of each belongs:
        /// `hawser-relay-{slot}.hawser-relay-peers:8081`. With it, a laptop that asks the wrong
        /// instance is passed on to the right one.
        template: Option<Template> as OrNone<Text> = None;
        /// Address to listen on for other instances. Keep clients away from it.
        listen: Option<SocketAddr> as OrOff = None;
        /// How many instances there may be, at most 256. Slots from this number on are never
        /// dialled, so set it to the most that you scale to.
        count: u16 as Count = 1;
        /// Number of this instance, or `auto`: the number at the end of the host name, as a
        /// `StatefulSet` gives it.
        slot: SlotFrom as Text = SlotFrom::Host;
        /// File with the secret that all instances share, one a line: the first is used, all are
        /// accepted, so that a new one can be introduced one instance at a time. It is read again when it
        /// changes, and on SIGHUP.
        key_file: Option<PathBuf> as File = None;
        /// Time to find and reach an instance. Short, so that a client hears within a second that
        /// its tunnel is gone.
        connect_time: Duration as Time = Duration::from_millis(750);
        /// Time for the answer of an instance that was reached. It looks into a table, which takes a
        /// millisecond; the rest is for one that is just busy.
        answer_time: Duration as Time = Duration::from_secs(3);
        /// Time for which an instance that could not be reached is not dialled again. Then one dial
        /// finds out for all.
        retry_time: Duration as Time = Duration::from_secs(1);
        /// Dials of one instance at once. Beyond it, clients get 503. At a millisecond each, 128
        /// are far more than an instance can serve.
        dials: u32 as Count = 128;
        /// Connections of other instances at once. Beyond it, new ones wait in the kernel. `auto` is half
        /// of `connections`: each is for a phone that came here, so more are never needed, and whoever
        /// else finds `peer-listen` leaves the other half to clients.
        connections: Ceiling as Text = Ceiling::Auto;
    }
}

/// Who says which slot an instance has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotFrom {
    /// The host name.
    Host,
    /// The operator.
    Slot(Slot),
}

impl fmt::Display for SlotFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host => f.write_str("auto"),
            Self::Slot(slot) => slot.number().fmt(f),
        }
    }
}

impl FromStr for SlotFrom {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "auto" {
            return Ok(Self::Host);
        }
        let number = text.parse().map_err(|_| ())?;
        Slot::new(number).map(Self::Slot).map_err(|_| ())
    }
}

impl Written for SlotFrom {
    fn name() -> String {
        "N|auto".to_owned()
    }

    fn expected() -> String {
        format!("a number from 0 to {}, or auto", Slot::COUNT - 1)
    }
}

impl Written for Template {
    fn name() -> String {
        "HOST:PORT".to_owned()
    }

    fn expected() -> String {
        "a host name and port with {slot} in it, such as relay-{slot}.example:8081".to_owned()
    }
}

/// Why an instance cannot be one of several.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PeersError {
    /// It has no slot.
    #[error("peer-slot: {0}")]
    Slot(#[from] SlotError),
    /// Its slot is beyond the count.
    #[error("peer-slot: slot {slot} is beyond peer-count = {count}; raise the count everywhere")]
    BeyondCount {
        /// The slot.
        slot: u8,
        /// The count.
        count: u16,
    },
    /// The keys cannot be had.
    #[error("peer-key-file: {0}")]
    Keys(#[from] KeysError),
}

impl Peers {
    /// What a relay needs to be one of several, and its routing id from now on. `None` when there is
    /// no template: then it is alone.
    ///
    /// # Errors
    /// [`PeersError`], which says what to do.
    pub fn load(
        &self,
        host_name: &str,
        now: SystemTime,
    ) -> Result<Option<(PeerConfig, RoutingId)>, PeersError> {
        let (Some(template), Some(key_file)) = (&self.template, &self.key_file) else {
            return Ok(None);
        };
        let slot = match self.slot {
            SlotFrom::Host => Slot::of_host(host_name)?,
            SlotFrom::Slot(slot) => slot,
        };
        if u16::from(slot.number()) >= self.count {
            return Err(PeersError::BeyondCount {
                slot: slot.number(),
                count: self.count,
            });
        }
        let generation = Generation::at(now);
        let config = PeerConfig {
            template: template.clone(),
            count: self.count,
            keys: Keys::from_file(key_file)?,
            limits: PeerLimits {
                connect_time: self.connect_time,
                answer_time: self.answer_time,
                retry_time: self.retry_time,
                dials: self.dials,
                connections: self.connections,
            },
        };
        Ok(Some((config, Identity { slot, generation }.routing_id())))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn peers(change: impl FnOnce(&mut Peers)) -> (Peers, tempfile::NamedTempFile) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "{}", "k".repeat(32)).unwrap();
        let mut peers = Peers {
            template: Some("relay-{slot}:81".parse().unwrap()),
            key_file: Some(file.path().to_owned()),
            count: 3,
            ..Peers::default()
        };
        change(&mut peers);
        (peers, file)
    }

    #[test]
    fn is_alone_by_default() {
        let now = SystemTime::UNIX_EPOCH;
        assert_eq!(Peers::default().load("relay-2", now).unwrap(), None);
    }

    #[test]
    fn takes_its_slot_from_the_host_or_the_operator() {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(0x123);
        let (given, _file) = peers(|_| {});
        let (config, routing) = given.load("relay-2", start).unwrap().unwrap();
        assert_eq!(routing.to_hex(), "002123");
        assert_eq!(config.count, 3);
        let (given, _file) = peers(|peers| peers.slot = "1".parse().unwrap());
        let (_, routing) = given.load("any", start).unwrap().unwrap();
        assert_eq!(routing.to_hex(), "001123");
    }

    #[test]
    fn says_what_is_wrong() {
        let wrong = |host: &str, change: fn(&mut Peers)| {
            let (peers, _file) = peers(change);
            let error = peers.load(host, SystemTime::UNIX_EPOCH).unwrap_err();
            error.to_string()
        };
        let error = wrong("relay-3", |_| {});
        assert!(error.contains("slot 3 is beyond peer-count = 3"), "{error}");
        let error = wrong("relay", |_| {});
        assert!(
            error.contains("\"relay\" does not end in -NUMBER"),
            "{error}"
        );
        let error = wrong("relay-0", |peers| peers.key_file = Some("/none".into()));
        assert!(error.contains("cannot read /none"), "{error}");
        assert!("256".parse::<SlotFrom>().is_err());
    }
}
