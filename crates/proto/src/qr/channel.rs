//! Ways for the encrypted messages, as a QR code offers them (key 6).

/// A way for the encrypted messages between phone and laptop (CTAP 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Channel {
    /// 0: WebSockets through a tunnel service.
    Tunnel,
    /// 1: Bluetooth L2CAP.
    L2cap,
    /// A number that nobody has given a meaning yet.
    Other(u64),
}

impl Channel {
    pub(super) const fn number(self) -> u64 {
        match self {
            Self::Tunnel => 0,
            Self::L2cap => 1,
            Self::Other(number) => number,
        }
    }

    pub(super) const fn from_number(number: u64) -> Self {
        match number {
            0 => Self::Tunnel,
            1 => Self::L2cap,
            number => Self::Other(number),
        }
    }
}
