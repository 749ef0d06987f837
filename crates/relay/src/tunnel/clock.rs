//! What time does to a tunnel: stages that end, peers that take nothing, pings.

use std::io;
use std::task::Context;

use hawser_wire::CloseReason;
use tokio::time::Instant;

use super::{Stage, State};
use crate::pump::End;

impl State {
    /// Writes what waits, before a peer is blamed for taking nothing: it may be the relay that stood still.
    pub(super) fn catch_up(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let in_frame = match &mut self.stage {
            Stage::Waiting { .. } | Stage::Left => false,
            Stage::Paired { laptop, .. } => {
                laptop.poll_pong(self.phone.in_frame(), cx)?;
                laptop.in_frame()
            }
        };
        self.phone.poll_pong(in_frame, cx)
    }

    /// What has to happen at this time: the end of the tunnel, or a ping.
    pub(super) fn due(&mut self, now: Instant) -> Option<CloseReason> {
        let ended = now >= self.deadline();
        let limits = &self.shared.config.limits;
        let laptop = match &mut self.stage {
            Stage::Waiting { .. } | Stage::Left if ended => {
                return Some(CloseReason::WaitingTimedOut);
            }
            Stage::Paired { .. } if ended => return Some(CloseReason::SessionTimedOut),
            Stage::Waiting { .. } | Stage::Left => None,
            Stage::Paired { laptop, .. } => Some(laptop.as_mut()),
        };
        let stalled = |end: &End| {
            end.stalled_since()
                .is_some_and(|since| now >= since + limits.write_stall_time)
        };
        if stalled(&self.phone) || laptop.as_deref().is_some_and(stalled) {
            return Some(CloseReason::WriteStalled);
        }
        if now >= self.next_ping {
            self.next_ping = now + limits.ping_interval;
            self.phone.ping(laptop.as_deref());
            if let Some(laptop) = laptop {
                laptop.ping(Some(&self.phone));
            }
        }
        None
    }

    /// When [`Self::due`] may have something to say.
    pub(super) fn next_alarm(&self) -> Instant {
        let stall_time = self.shared.config.limits.write_stall_time;
        let stalled = [Some(&self.phone), self.laptop()]
            .into_iter()
            .flatten()
            .filter_map(End::stalled_since)
            .map(|since| since + stall_time);
        stalled.fold(self.deadline().min(self.next_ping), Instant::min)
    }

    /// The end of the current stage.
    fn deadline(&self) -> Instant {
        let limits = &self.shared.config.limits;
        self.since
            + match self.stage {
                Stage::Waiting { .. } | Stage::Left => limits.waiting_time,
                Stage::Paired { .. } => limits.session_time,
            }
    }
}
