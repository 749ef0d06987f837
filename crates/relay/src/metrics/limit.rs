//! The limits that are counted by themselves.

/// A limit that shows neither in an answer nor in the end of a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    Connections,
    PeerConnections,
    AdminConnections,
    AcceptRate,
    ClientConnections,
    EarlyBytes,
    UpgradeTime,
    CloseTime,
}

impl Limit {
    pub(crate) const ALL: [Self; 8] = [
        Self::Connections,
        Self::PeerConnections,
        Self::AdminConnections,
        Self::AcceptRate,
        Self::ClientConnections,
        Self::EarlyBytes,
        Self::UpgradeTime,
        Self::CloseTime,
    ];

    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::PeerConnections => "peer_connections",
            Self::AdminConnections => "admin_connections",
            Self::AcceptRate => "accept_rate",
            Self::ClientConnections => "client_connections",
            Self::EarlyBytes => "early_bytes",
            Self::UpgradeTime => "upgrade_time",
            Self::CloseTime => "close_time",
        }
    }
}
