//! Whose connection it is, where a trusted proxy says so.

mod fields;
mod proxy_protocol;

use std::net::IpAddr;

pub(crate) use self::fields::told_by;
pub(crate) use self::proxy_protocol::read_header;

/// What a trusted proxy told about a client's address: the labels of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// The client's address.
    Client(IpAddr),
    /// Nothing: the proxy speaks for itself, as in a health check.
    Nothing,
    /// Nothing that can be read.
    Malformed,
    /// Nothing in time.
    TimedOut,
    /// The connection broke.
    Lost,
}

impl Told {
    /// The label of each.
    pub(crate) const LABELS: [&str; 5] = ["client", "nothing", "malformed", "timed_out", "lost"];

    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Client(_) => "client",
            Self::Nothing => "nothing",
            Self::Malformed => "malformed",
            Self::TimedOut => "timed_out",
            Self::Lost => "lost",
        }
    }
}
