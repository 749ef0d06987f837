//! Tunnel domains: the 16-bit number in an advert that stands for a host name.
//!
//! Numbers below 256 are assigned by a table that has two rows. Every other number stands for a name
//! made from its hash, so that anyone can run a tunnel service: choose a number whose name nobody
//! has registered, register it, and serve TLS on port 443. There is no other registry.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::path::TunnelPath;

/// Hosts with an assigned number, which is the index.
const ASSIGNED: [&str; 2] = ["cable.ua5v.com", "cable.auth.com"];

/// Numbers from here on stand for a hash-derived name.
const FIRST_DERIVED: u16 = 256;

const TLDS: [&str; 4] = ["com", "org", "net", "info"];
const LABEL_ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// How many assigned numbers this crate knows: key 2 of a QR code.
pub const KNOWN_DOMAINS: u16 = 2;

/// The host of a tunnel service, by its number. Always one that has a name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TunnelDomain(u16);

/// Why there is no such tunnel domain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DomainError {
    /// The number is below 256 and nobody has been given it.
    #[error("tunnel domain {0} is not assigned (0, 1 and 256 to 65535 have a name)")]
    Unassigned(u16),
    /// No number stands for this host name.
    #[error("{0:?} is not the host name of any tunnel domain")]
    NotDerived(String),
}

impl TunnelDomain {
    /// The domain with this number.
    ///
    /// # Errors
    /// [`DomainError::Unassigned`] for 2 to 255.
    pub fn from_id(id: u16) -> Result<Self, DomainError> {
        if id < FIRST_DERIVED && usize::from(id) >= ASSIGNED.len() {
            return Err(DomainError::Unassigned(id));
        }
        Ok(Self(id))
    }

    /// The domain with this host name, in any letter case.
    ///
    /// The hash has no inverse, so this derives names until one fits: at most 65,280 of them.
    ///
    /// # Errors
    /// [`DomainError::NotDerived`] when no number stands for it.
    pub fn from_host(host: &str) -> Result<Self, DomainError> {
        (0..=u16::MAX)
            .filter_map(|id| Self::from_id(id).ok())
            .find(|domain| domain.host().eq_ignore_ascii_case(host))
            .ok_or_else(|| DomainError::NotDerived(host.to_owned()))
    }

    /// The number, as it stands in an advert.
    #[must_use]
    pub const fn id(self) -> u16 {
        self.0
    }

    /// Whether the number is below 256, so that a laptop must know it from a table.
    #[must_use]
    pub const fn is_assigned(self) -> bool {
        self.0 < FIRST_DERIVED
    }

    /// The host name. TLS is on port 443 of it.
    #[must_use]
    pub fn host(self) -> String {
        match ASSIGNED.get(usize::from(self.0)) {
            Some(host) => (*host).to_owned(),
            None => derived_host(self.0),
        }
    }

    /// The URL of a path at this domain's tunnel service.
    #[must_use]
    pub fn url(self, path: &TunnelPath) -> String {
        format!("wss://{}{path}", self.host())
    }
}

impl fmt::Display for TunnelDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host())
    }
}

impl fmt::Debug for TunnelDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TunnelDomain({}, {})", self.0, self.host())
    }
}

/// SHA-256 of a fixed text, the number and a zero byte; 64 bits of it, least significant first: two
/// bits for the top-level domain, then five for each letter until nothing is left. Leading zero
/// groups therefore vanish, and labels have 10 to 13 letters.
fn derived_host(id: u16) -> String {
    let digest = Sha256::new()
        .chain_update(b"caBLEv2 tunnel server domain")
        .chain_update(id.to_le_bytes())
        .chain_update([0])
        .finalize();
    let mut bits = digest
        .iter()
        .take(8)
        .rev()
        .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));

    let tld = pick(&TLDS, bits & 3);
    bits >>= 2;
    let mut label = String::with_capacity(13);
    while bits != 0 {
        label.push(char::from(pick(LABEL_ALPHABET, bits & 31)));
        bits >>= 5;
    }
    format!("cable.{label}.{tld}")
}

/// The entry at a masked index. Both tables are as long as their mask allows.
fn pick<T: Copy + Default>(table: &[T], index: u64) -> T {
    usize::try_from(index)
        .ok()
        .and_then(|index| table.get(index).copied())
        .unwrap_or_default()
}
