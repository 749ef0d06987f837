//! Latency histograms.

use hdrhistogram::Histogram;

/// What is timed. The first is the figure of a scenario; the others explain it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Phase {
    /// From the moment an operation was due to its last message: what a user waits.
    Operation,
    /// The same from when it really began: what a closed loop would report.
    Service,
    /// From the moment it was due to its beginning, without the wait for room when too much was
    /// under way: the harness's own lateness.
    Lag,
    /// A phone's connection and its 101.
    Open,
    /// A laptop's connection and its 101.
    Join,
    /// From the first message to the last.
    Messages,
    /// One message, from when it was due to its arrival.
    Message,
    /// From the first goodbye until both ends are closed.
    Close,
    /// How long a tunnel was there, with the pauses in it: from the phone's 101 to the end.
    Tunnel,
    /// What people took, before the phone opened the tunnel.
    PauseScan,
    /// What people took, before the laptop joined.
    PauseJoin,
    /// What people took, before the phone answered.
    PauseApprove,
}

impl Phase {
    pub(crate) const ALL: [Self; 12] = [
        Self::Operation,
        Self::Service,
        Self::Lag,
        Self::Open,
        Self::Join,
        Self::Messages,
        Self::Message,
        Self::Close,
        Self::Tunnel,
        Self::PauseScan,
        Self::PauseJoin,
        Self::PauseApprove,
    ];

    /// The name in reports.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Operation => "operation",
            Self::Service => "service",
            Self::Lag => "start_lag",
            Self::Open => "open",
            Self::Join => "join",
            Self::Messages => "messages",
            Self::Message => "message",
            Self::Close => "close",
            Self::Tunnel => "tunnel",
            Self::PauseScan => "pause_scan",
            Self::PauseJoin => "pause_join",
            Self::PauseApprove => "pause_approve",
        }
    }
}

/// The longest time that is told apart: an hour.
const LONGEST: u64 = 3_600_000_000_000;

/// A histogram of nanoseconds with three significant digits. An hour is its end.
#[expect(clippy::expect_used, reason = "the bounds are constants, and valid")]
pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST, 3).expect("constant bounds are valid")
}
