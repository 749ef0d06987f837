//! The end of a tunnel: both peers get what is on its way to them, and hear why.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hawser_wire::CloseReason;
use tokio::time::{Instant, Sleep};

use super::{Stage, State};
use crate::metrics::Limit;
use crate::pump::End;

/// How a tunnel that has ended takes its leave.
#[derive(Clone, Copy)]
pub(super) struct Goodbye {
    pub(super) reason: CloseReason,
    /// Both peers have been sent everything, and only their answers are awaited.
    pub(super) all_written: bool,
}

impl State {
    /// Counts the end, and puts a close frame behind what still waits for each peer.
    pub(super) fn begin_goodbye(&mut self, reason: CloseReason) {
        self.count(reason);
        self.since = Instant::now();
        match &mut self.stage {
            Stage::Waiting { .. } => {
                // Frees the tunnel id: no laptop joins any more.
                self.stage = Stage::Left;
                self.phone.say_goodbye(reason, false);
            }
            Stage::Left => {}
            Stage::Paired { laptop, .. } => {
                self.phone.say_goodbye(reason, laptop.in_frame());
                laptop.say_goodbye(reason, self.phone.in_frame());
            }
        }
    }

    /// When the goodbye ends, whether the peers took it or not.
    pub(super) fn last_word(&self) -> Instant {
        self.since + self.shared.config.limits.write_stall_time
    }

    /// Ready when both peers have everything and have answered, or their time is over.
    pub(super) fn poll_goodbye(
        &mut self,
        goodbye: &mut Goodbye,
        mut alarm: Pin<&mut Sleep>,
        cx: &mut Context<'_>,
    ) -> Poll<CloseReason> {
        // First, because tokio gives a task so many operations a turn, and a peer that keeps sending
        // may use up all of them: a timer behind it would never ring.
        let is_late = alarm.as_mut().poll(cx).is_ready();
        let mut written = true;
        let mut done = true;
        for end in [Some(&mut self.phone), self.stage.laptop_mut()]
            .into_iter()
            .flatten()
        {
            let listened_to = !end.is_flooding();
            done &= end.poll_goodbye(cx).is_ready();
            if listened_to && end.is_flooding() {
                self.shared.metrics.count_limit(Limit::CloseTime);
            }
            written &= end.is_flushed();
        }
        if done {
            return Poll::Ready(goodbye.reason);
        }
        if !is_late {
            if written && !goodbye.all_written {
                goodbye.all_written = true;
                let answered = Instant::now() + self.shared.config.limits.close_time;
                alarm.as_mut().reset(self.last_word().min(answered));
            }
            ready!(alarm.poll(cx));
        }
        self.shared.metrics.count_limit(Limit::CloseTime);
        Poll::Ready(goodbye.reason)
    }
}

impl Stage {
    fn laptop_mut(&mut self) -> Option<&mut End> {
        match self {
            Self::Waiting { .. } | Self::Left => None,
            Self::Paired { laptop, .. } => Some(laptop),
        }
    }
}
