//! Keeps one tunnel busy, and replaces it when it has carried its share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use crate::fault::Trouble;
use crate::measure::clock::nanoseconds;
use crate::measure::latency::Phase;
use crate::payload::End;
use crate::run::worker::Worker;
use crate::scenario::stream::pacer::Dues;
use crate::tunnel::Tunnel;

/// Pause after a tunnel that could not be opened.
const FAILURE_PAUSE: Duration = Duration::from_millis(20);

/// What sets the pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Due times from the pacer.
    Paced,
    /// So many messages under way in each direction.
    Window(u32),
    /// One message, to and fro.
    PingPong,
}

/// What every tunnel of a run does.
#[derive(Debug, Clone)]
pub(super) struct Flow {
    pub(super) size: usize,
    pub(super) mode: Mode,
    /// Messages in a direction before the tunnel is replaced.
    pub(super) most: u32,
    /// Messages that are left to send, for a run of limited count.
    pub(super) count: Option<Arc<AtomicU64>>,
}

/// Why a tunnel is done with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// It has carried its share.
    Full,
    /// The run is over.
    Over,
}

impl Flow {
    /// A tunnel, if the service gives one.
    pub(super) async fn open(&self, worker: &Arc<Worker>) -> Option<Tunnel> {
        let begun = worker.clock.now();
        // After Ctrl-C, nobody waits for a service that does not answer.
        let opening = Tunnel::open(worker);
        match worker.stop.run_until_cancelled(opening).await? {
            Ok((tunnel, opened)) => {
                let mut tally = worker.shard.lock();
                tally.record(Phase::Open, opened.phone - begun);
                tally.record(Phase::Join, opened.laptop - opened.phone);
                drop(tally);
                Some(tunnel)
            }
            Err(trouble) => {
                Self::fail(worker, trouble);
                None
            }
        }
    }

    /// Uses tunnels one after another until the run is over.
    pub(super) async fn keep(
        &self,
        worker: &Arc<Worker>,
        first: Option<Tunnel>,
        mut due: Dues,
        ready: &AtomicBool,
    ) {
        let mut next = first;
        // Tunnels that began together must not all be replaced at the same moment.
        let mut share = self.clone();
        share.most = fastrand::u32(self.most.div_ceil(2)..=self.most);
        while !self.is_over(worker, &due) {
            let Some(mut tunnel) = next.take() else {
                sleep(FAILURE_PAUSE).await;
                next = self.open(worker).await;
                continue;
            };
            ready.store(true, Ordering::Relaxed);
            let result = share.fill(worker, &mut tunnel, &mut due, ready).await;
            ready.store(false, Ordering::Relaxed);
            share.most = self.most;
            let (result, stop) = match result {
                Ok(stop) => (self.finish(worker, tunnel).await, stop),
                Err(trouble) => {
                    // Now, because what is under way in it gets the age that it has.
                    drop(tunnel);
                    (Err(trouble), Stop::Full)
                }
            };
            if let Err(trouble) = result {
                Self::fail(worker, trouble);
            }
            if stop == Stop::Over {
                break;
            }
            if !self.is_over(worker, &due) {
                next = self.open(worker).await;
            }
        }
    }

    fn is_over(&self, worker: &Worker, due: &Dues) -> bool {
        worker.stop.is_cancelled()
            || worker.clock.now() >= self.end(worker)
            || match self.mode {
                Mode::Paced => due.is_over(),
                Mode::Window(_) | Mode::PingPong => self.is_used_up(),
            }
    }

    /// When nothing more is sent, in nanoseconds of the clock. What fell due in time and still waits
    /// then is sent late rather than never: its wait is charged to it.
    fn end(&self, worker: &Worker) -> u64 {
        let more = match self.mode {
            Mode::Paced => nanoseconds(worker.bounds.drain),
            Mode::Window(_) | Mode::PingPong => 0,
        };
        worker.window.end().saturating_add(more)
    }

    fn is_used_up(&self) -> bool {
        let left = self.count.as_ref();
        left.is_some_and(|left| left.load(Ordering::Relaxed) == 0)
    }

    /// Counts a tunnel that went wrong, unless that was while warming up and is no fault.
    fn fail(worker: &Worker, trouble: Trouble) {
        let mut tally = worker.shard.lock();
        tally.live.failed += 1;
        let is_measured = worker.clock.now() >= worker.window.begin();
        tally.failed += u64::from(is_measured);
        if is_measured || matches!(trouble, Trouble::Fault(_)) {
            tally.trouble(trouble);
        }
    }

    /// Sends and receives until the tunnel has carried its share or the run is over.
    async fn fill(
        &self,
        worker: &Arc<Worker>,
        tunnel: &mut Tunnel,
        due: &mut Dues,
        ready: &AtomicBool,
    ) -> Result<Stop, Trouble> {
        match self.mode {
            Mode::Window(window) => {
                self.send(worker, tunnel, End::Phone, window).await?;
                self.send(worker, tunnel, End::Laptop, window).await?;
            }
            Mode::PingPong => self.send(worker, tunnel, End::Phone, 1).await?,
            Mode::Paced => {}
        }
        let end = Instant::from_std(worker.clock.instant(self.end(worker)));
        let mut progress = Instant::now();
        loop {
            let sent = (tunnel.phone.sent(), tunnel.laptop.sent());
            if sent.0 >= self.most && sent.1 >= self.most {
                return Ok(Stop::Full);
            }
            let under_way = sent.0 > tunnel.laptop.seen() || sent.1 > tunnel.phone.seen();
            let is_paced = self.mode == Mode::Paced;
            let has_unsent = tunnel.phone.has_unsent() || tunnel.laptop.has_unsent();
            let is_full = is_paced && sent.0.max(sent.1) >= self.most;
            if is_full {
                // No more for this tunnel; what is handed out already goes to its successor.
                ready.store(false, Ordering::Relaxed);
                if !under_way {
                    return Ok(Stop::Full);
                }
            }
            if !under_way && self.mode != Mode::Paced {
                // Nothing is coming that could set off more.
                return Ok(if self.is_over(worker, due) {
                    Stop::Over
                } else {
                    Stop::Full
                });
            }
            let stalled = progress + worker.bounds.timeout;
            tokio::select! {
                n = tunnel.laptop.receive() => {
                    progress = Instant::now();
                    self.answer(worker, tunnel, End::Laptop, n?).await?;
                }
                n = tunnel.phone.receive() => {
                    progress = Instant::now();
                    self.answer(worker, tunnel, End::Phone, n?).await?;
                }
                at = due.next(), if is_paced && !is_full && !has_unsent => match at {
                    Some(at) => {
                        if !under_way {
                            progress = Instant::now();
                        }
                        // The ends take turns.
                        let sender = if sent.0 <= sent.1 { End::Phone } else { End::Laptop };
                        self.put(tunnel, sender, at).await?;
                    }
                    None => return Ok(Stop::Over),
                },
                () = sleep_until(end) => return Ok(Stop::Over),
                () = worker.stop.cancelled() => return Ok(Stop::Over),
                () = sleep_until(stalled), if under_way => return self.untangle(tunnel).await,
            }
        }
    }

    /// What the arrival of `n` messages at one end sets off.
    async fn answer(
        &self,
        worker: &Arc<Worker>,
        tunnel: &mut Tunnel,
        at: End,
        n: u32,
    ) -> Result<(), Trouble> {
        if n == 0 {
            return Ok(());
        }
        worker.shard.lock().live.done += u64::from(n);
        tunnel.confirm();
        let other = match at {
            End::Phone => End::Laptop,
            End::Laptop => End::Phone,
        };
        match self.mode {
            Mode::Paced => Ok(()),
            // The same sender may send as many again.
            Mode::Window(_) => self.send(worker, tunnel, other, n).await,
            Mode::PingPong => self.send(worker, tunnel, at, 1).await,
        }
    }

    /// Sends up to `n` messages at once, all due now.
    async fn send(
        &self,
        worker: &Arc<Worker>,
        tunnel: &mut Tunnel,
        sender: End,
        n: u32,
    ) -> Result<(), Trouble> {
        let now = worker.clock.now();
        if now >= worker.window.end() {
            return Ok(());
        }
        let half = tunnel.from(sender).0;
        let n = n.min(self.most.saturating_sub(half.sent()));
        let n = self.take(worker, n);
        if n == 0 {
            return Ok(());
        }
        for _ in 0..n {
            half.put(self.size, now);
        }
        {
            let mut tally = worker.shard.lock();
            tally.live.offered += u64::from(n);
            if worker.is_measured(now) {
                tally.offered += u64::from(n);
                tally.last_due = tally.last_due.max(now);
            }
        }
        half.push().await
    }

    /// Up to `n` of the messages that are left; those of the warm-up come on top.
    fn take(&self, worker: &Worker, n: u32) -> u32 {
        let Some(left) = &self.count else { return n };
        if worker.clock.now() < worker.window.begin() {
            return n;
        }
        let less = |left: u64| Some(left.saturating_sub(u64::from(n)));
        let before = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        let before = before.unwrap_or_default();
        n.min(u32::try_from(before).unwrap_or(u32::MAX))
    }

    /// Sends one message that was due at a given time.
    async fn put(&self, tunnel: &mut Tunnel, sender: End, due: u64) -> Result<(), Trouble> {
        let half = tunnel.from(sender).0;
        half.put(self.size, due);
        half.push().await
    }

    /// Finds out what became of messages that did not come.
    async fn untangle(&self, tunnel: &mut Tunnel) -> Result<Stop, Trouble> {
        tunnel.deliver_both(Instant::now()).await?;
        Ok(Stop::Full)
    }

    /// Waits for what is under way, and closes.
    async fn finish(&self, worker: &Arc<Worker>, mut tunnel: Tunnel) -> Result<(), Trouble> {
        let deadline = Instant::now() + worker.bounds.timeout;
        tunnel.deliver_both(deadline).await?;
        tunnel.close(End::Phone).await
    }
}
