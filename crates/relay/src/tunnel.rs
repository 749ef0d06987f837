//! The life of a tunnel, in the phone's task: waiting, then forwarding, then the goodbye.

mod clock;
mod goodbye;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hawser_wire::CloseReason;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::WaitForCancellationFutureOwned;

use self::goodbye::Goodbye;
use crate::census::Entry;
use crate::clients::ClientTunnel;
use crate::joining::Joining;
use crate::metrics::{Counted, Limit};
use crate::pairing::Registration;
use crate::pump::{Budget, End, Stopped, poll_early, poll_forward};
use crate::shared::Shared;

/// What a phone holds that has got its 101.
pub(crate) struct Opened {
    pub(crate) registration: Registration<Box<Joining>>,
    /// Counts against the phone's quota for as long as it waits.
    pub(crate) client: Option<ClientTunnel>,
    /// Counts it among those that wait.
    pub(crate) counted: Counted,
}

pin_project! {
    /// A tunnel whose phone has got its 101. Runs to its end, and says why it ended.
    ///
    /// Written by hand, because an async function keeps room for every step's variables: this one
    /// allocation is most of what a waiting phone costs.
    pub(crate) struct Tunnel {
        state: State,
        goodbye: Option<Goodbye>,
        #[pin]
        alarm: Sleep,
    }

    impl PinnedDrop for Tunnel {
        /// A fault of ours, or an app that drops the connection, ends a tunnel without a goodbye, which is
        /// where the others are counted.
        fn drop(this: Pin<&mut Self>) {
            if this.goodbye.is_none() {
                this.state.count(if std::thread::panicking() {
                    CloseReason::Internal
                } else {
                    CloseReason::PeerLost
                });
            }
        }
    }
}

struct State {
    shared: Arc<Shared>,
    phone: End,
    stage: Stage,
    /// When the stage began.
    since: Instant,
    next_ping: Instant,
    counted: Counted,
    census: Entry,
}

enum Stage {
    Waiting {
        registration: Registration<Box<Joining>>,
        /// Counts against the phone's quota for as long as it waits.
        _client: Option<ClientTunnel>,
        /// What the phone has said already, in the form that the laptop will get.
        early: Box<[u8]>,
    },
    Paired {
        laptop: Box<End>,
        /// Resolves when every tunnel has to end. A waiting one is told by its registration.
        cut: Pin<Box<WaitForCancellationFutureOwned>>,
    },
    /// Nobody came, and the phone is being told.
    Left,
}

impl Tunnel {
    pub(crate) fn new(shared: Arc<Shared>, phone: End, opened: Opened) -> Self {
        let Opened {
            registration,
            client,
            counted,
        } = opened;
        let now = Instant::now();
        let limits = &shared.config.limits;
        let state = State {
            next_ping: now + limits.ping_interval,
            since: now,
            phone,
            stage: Stage::Waiting {
                registration,
                _client: client,
                early: Box::default(),
            },
            counted,
            census: shared.census.enter(),
            shared,
        };
        Self {
            alarm: sleep_until(state.next_alarm()),
            goodbye: None,
            state,
        }
    }
}

impl Future for Tunnel {
    type Output = CloseReason;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<CloseReason> {
        let mut this = self.project();
        if this.goodbye.is_none() {
            let Stopped(reason) = ready!(this.state.poll(this.alarm.as_mut(), cx));
            this.state.begin_goodbye(reason);
            this.alarm.as_mut().reset(this.state.last_word());
            *this.goodbye = Some(Goodbye {
                reason,
                all_written: false,
            });
        }
        match this.goodbye {
            Some(goodbye) => this.state.poll_goodbye(goodbye, this.alarm, cx),
            None => Poll::Pending,
        }
    }
}

const LOST: Poll<Stopped> = Poll::Ready(Stopped(CloseReason::PeerLost));

/// Whoever hangs up does so right behind its last message and its close frame, which may still be here when the
/// other one's message cannot be written any more.
fn last_words(
    from: &mut End,
    to: &mut End,
    budget: &Budget,
    cx: &mut Context<'_>,
) -> Poll<Stopped> {
    match poll_forward(from, to, budget, cx) {
        closed @ Poll::Ready(Stopped(CloseReason::PeerClosed)) => closed,
        _ => LOST,
    }
}

impl State {
    fn poll(&mut self, mut alarm: Pin<&mut Sleep>, cx: &mut Context<'_>) -> Poll<Stopped> {
        while alarm.as_mut().poll(cx).is_ready() {
            if self.catch_up(cx).is_err() {
                return self.poll_last_words(cx);
            }
            if let Some(reason) = self.due(Instant::now()) {
                return Poll::Ready(Stopped(reason));
            }
            alarm.as_mut().reset(self.next_alarm());
        }
        let stopped = match self.poll_joined(cx) {
            Ok(()) => self.poll_pump(cx),
            Err(stopped) => Poll::Ready(stopped),
        };
        // A joined or newly stalled peer may be due earlier than the alarm that is set.
        let next_alarm = self.next_alarm();
        if stopped.is_pending() && next_alarm < alarm.deadline() {
            alarm.as_mut().reset(next_alarm);
            if alarm.as_mut().poll(cx).is_ready() {
                cx.waker().wake_by_ref();
            }
        }
        stopped
    }

    /// Takes in the laptop when it comes.
    fn poll_joined(&mut self, cx: &mut Context<'_>) -> Result<(), Stopped> {
        let Stage::Waiting {
            registration,
            early,
            ..
        } = &mut self.stage
        else {
            return Ok(());
        };
        let Poll::Ready(joined) = Pin::new(registration.joined()).poll(cx) else {
            return Ok(());
        };
        let joining = joined.map_err(|_| {
            Stopped(if self.shared.cut.is_cancelled() {
                CloseReason::Draining
            } else {
                // The laptop's task failed between claiming the tunnel and joining it.
                CloseReason::PeerLost
            })
        })?;
        let socket = joining
            .socket
            .settle()
            .map_err(|_| Stopped(CloseReason::PeerLost))?;
        let mut laptop = Box::new(End::new(socket, joining.early, joining.seat));
        laptop.push_early(std::mem::take(early).into_vec());

        let now = Instant::now();
        let metrics = &self.shared.metrics;
        metrics.joined.inc();
        metrics
            .wait_seconds
            .observe((now - self.since).as_secs_f64());
        self.counted = Counted::new(&metrics.paired);
        self.census.joined();
        self.since = now;
        self.stage = Stage::Paired {
            laptop,
            cut: Box::pin(self.shared.cut.clone().cancelled_owned()),
        };
        Ok(())
    }

    fn poll_pump(&mut self, cx: &mut Context<'_>) -> Poll<Stopped> {
        let (shared, phone) = (&self.shared, &mut self.phone);
        match &mut self.stage {
            Stage::Left => Poll::Pending,
            Stage::Waiting { early, .. } => {
                let limit = shared.config.limits.early_bytes;
                let had_room = early.len() < limit;
                let stopped = poll_early(phone, early, limit, &shared.budget, cx);
                if had_room && early.len() >= limit {
                    shared.metrics.count_limit(Limit::EarlyBytes);
                }
                stopped
            }
            Stage::Paired { laptop, cut } => {
                if cut.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Stopped(CloseReason::Draining));
                }
                let mut stopped = poll_forward(phone, laptop, &shared.budget, cx);
                if stopped.is_pending() {
                    stopped = poll_forward(laptop, phone, &shared.budget, cx);
                    if stopped == LOST {
                        stopped = last_words(phone, laptop, &shared.budget, cx);
                    }
                } else if stopped == LOST {
                    stopped = last_words(laptop, phone, &shared.budget, cx);
                }
                if stopped.is_pending() && laptop.poll_pong(phone.in_frame(), cx).is_err() {
                    stopped = LOST;
                }
                phone.count(&shared.metrics.to_laptop);
                laptop.count(&shared.metrics.to_phone);
                stopped
            }
        }
    }

    /// The end of a tunnel one of whose peers is lost, whichever that is.
    fn poll_last_words(&mut self, cx: &mut Context<'_>) -> Poll<Stopped> {
        let (shared, phone) = (&self.shared, &mut self.phone);
        let Stage::Paired { laptop, .. } = &mut self.stage else {
            return LOST;
        };
        let mut stopped = last_words(laptop, phone, &shared.budget, cx);
        if stopped == LOST {
            stopped = last_words(phone, laptop, &shared.budget, cx);
        }
        phone.count(&shared.metrics.to_laptop);
        laptop.count(&shared.metrics.to_phone);
        stopped
    }

    fn laptop(&self) -> Option<&End> {
        match &self.stage {
            Stage::Waiting { .. } | Stage::Left => None,
            Stage::Paired { laptop, .. } => Some(laptop),
        }
    }

    fn count(&self, reason: CloseReason) {
        let metrics = &self.shared.metrics;
        let seconds = self.since.elapsed().as_secs_f64();
        match self.stage {
            Stage::Waiting { .. } | Stage::Left => {
                metrics.count_closed("waiting", reason);
                metrics.wait_seconds.observe(seconds);
            }
            Stage::Paired { .. } => {
                metrics.count_closed("paired", reason);
                metrics.session_seconds.observe(seconds);
            }
        }
    }
}
