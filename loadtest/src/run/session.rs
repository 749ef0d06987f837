//! A run of the harness: its target, its threads, its clock and what it has seen so far.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};
use tokio_util::sync::CancellationToken;

use crate::args::{BoundArgs, OutputArgs, TargetArgs};
use crate::client::dial::Dialer;
use crate::client::target::{Target, TargetError};
use crate::measure::clock::Clock;
use crate::measure::tally::Tally;
use crate::number::float;
use crate::payload::Filling;
use crate::report::files::{self, FileError};
use crate::report::progress::Progress;
use crate::report::series::Series;
use crate::run::crew;
use crate::run::lap::{Lap, ServerCost};
use crate::run::outlook::Outlook;
use crate::run::stop::stop_when_told;
use crate::run::watch::{Snapshot, Watch};
use crate::run::window::Window;
use crate::run::worker::{Bounds, Common, Worker};
use crate::watch::machine::{self, Machine};
use crate::watch::own;
use crate::watch::server::{Server, WatchError};

/// Between looks at whether the window has begun or ended.
const LOOK: Duration = Duration::from_millis(10);

/// Why a run cannot begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetupError {
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Watch(#[from] WatchError),
    #[error(
        "{connections} connections at once need {needed} open files with those of the harness itself, \
         and this process may have {limit}: raise `ulimit -n`, or ask for less"
    )]
    Files {
        connections: u64,
        needed: u64,
        limit: u64,
    },
    #[error("cannot start a thread: {0}")]
    Thread(#[from] io::Error),
}

/// A run.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) target: Arc<Target>,
    pub(crate) bounds: Bounds,
    pub(crate) server: Server,
    pub(crate) machine: Machine,
    pub(crate) begun: SystemTime,
    pub(crate) clock: Clock,
    pub(crate) series: Series,
    /// Ctrl-C: nothing more begins.
    pub(crate) stop: CancellationToken,
    /// A process of the service that was there has died.
    pub(crate) server_gone: bool,
    dialer: Dialer,
    filling: Filling,
    tunnels: Arc<AtomicU64>,
    threads: u64,
    progress: Progress,
}

impl Session {
    /// Checks everything that can be checked before there is any load. `longest` is the longest
    /// message, `planned` how long the run will take.
    pub(crate) async fn new(
        target: &TargetArgs,
        bounds: &BoundArgs,
        output: &OutputArgs,
        longest: usize,
        planned: Duration,
    ) -> Result<Self, SetupError> {
        for path in output.files.paths() {
            files::check_writable(path)?;
        }
        let server = Server::new(&output.server_pid, output.server_metrics.as_deref()).await?;
        let machine = Machine::prepare();
        let threads = target
            .threads
            .map_or_else(|| (machine.cores / 2).max(1), usize::from);
        let connect_timeout = target.connect_timeout;
        let target = Arc::new(Target::new(target)?);
        let stop = CancellationToken::new();
        stop_when_told(stop.clone());
        Ok(Self {
            dialer: Dialer::new(Arc::clone(&target), connect_timeout),
            target,
            bounds: Bounds::new(bounds),
            server,
            machine,
            begun: SystemTime::now(),
            clock: Clock::start(),
            series: Series::new(output.interval, planned),
            stop,
            server_gone: false,
            filling: Filling::new(longest),
            tunnels: Arc::default(),
            threads: crate::number::whole_len(threads),
            progress: Progress::new(output.quiet),
        })
    }

    /// What was said the first time that a connection failed, by the name of the failure.
    pub(crate) fn causes(&self) -> BTreeMap<String, String> {
        let causes = self.dialer.causes().into_iter();
        causes
            .map(|(failure, cause)| (failure.label().to_owned(), cause))
            .collect()
    }

    /// Whether so many connections fit into this process's open files.
    pub(crate) fn check_files(&self, connections: u64) -> Result<(), SetupError> {
        /// Files of the harness itself, with some to spare.
        const OWN: u64 = 56;
        /// Those of a thread: its event loop and its alarm are five.
        const OF_A_THREAD: u64 = 8;
        let needed = connections + OWN + OF_A_THREAD * self.threads;
        match self.machine.files {
            Some(limit) if limit < needed => Err(SetupError::Files {
                connections,
                needed,
                limit,
            }),
            _ => Ok(()),
        }
    }

    /// Runs a job on every thread, samples meanwhile, and sums up.
    pub(crate) async fn drive<F, Fut>(
        &mut self,
        outlook: Outlook,
        window: Arc<Window>,
        job: F,
    ) -> Result<Lap, SetupError>
    where
        F: Fn(Arc<Worker>) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = ()>,
    {
        // Read before the clock starts: a page or a process with many files takes its time, and
        // everything that fell due meanwhile would begin late.
        let before = self.server.usage().await;
        let begun_at = float(self.clock.now()) / 1e9;
        let clock = Clock::start();
        let common = Common {
            clock,
            dialer: self.dialer.clone(),
            filling: self.filling.clone(),
            bounds: self.bounds.clone(),
            stop: self.stop.clone(),
            window: Arc::clone(&window),
            headline: outlook.headline,
            tunnels: Arc::clone(&self.tunnels),
        };
        let workers: Vec<_> = (0..self.threads)
            .map(|index| Arc::new(Worker::new(index, self.threads, &common)))
            .collect();
        let first = Snapshot::first(before);
        let mut begin = (window.begin() == 0).then(|| first.clone());
        let mut watch = Watch::new(&workers, first, begun_at);
        let mut end = None;
        self.progress.begin(&outlook);

        let period = self.series.interval();
        let mut tick = interval_at(Instant::now() + period, period);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let work = crew::work(&workers, job);
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                result = &mut work => break result?,
                _ = tick.tick() => {
                    let now = Snapshot::take(&self.server, &workers, clock).await;
                    let sample = watch.sample(now, window.contains(clock.now()));
                    self.progress.show(&sample, &watch.counts, clock.now());
                    self.series.push(sample);
                }
                () = sleep(LOOK), if end.is_none() => {
                    let now = clock.now();
                    if begin.is_none() && now >= window.begin() {
                        begin = Some(Snapshot::take(&self.server, &workers, clock).await);
                    }
                    if now >= window.end() {
                        end = Some(Snapshot::take(&self.server, &workers, clock).await);
                    }
                }
            }
        }
        let last = Snapshot::take(&self.server, &workers, clock).await;
        let sample = watch.sample(last.clone(), window.contains(clock.now()));
        self.series.push_last(sample);
        self.progress.end();
        let total = watch.total();
        self.server_gone |= last.server.is_none() && matches!(self.server, Server::Processes(_));
        let end = end.unwrap_or(last);
        let begin = begin.as_ref().unwrap_or(&end);
        Ok(sum_up(total, begun_at, begin, &end, &window))
    }
}

/// What came of a lap that began at `begun_at`, in seconds of the session.
fn sum_up(tally: Tally, begun_at: f64, begin: &Snapshot, end: &Snapshot, window: &Window) -> Lap {
    let from = window.begin().min(end.at);
    // A tail without operations is not part of the window. One in which operations fell due and
    // none succeeded is: it is what makes the rate of a service that died low.
    let last = tally.last_done.max(tally.last_due);
    let until = if last > from {
        last
    } else {
        end.at.min(window.end())
    };
    let nanoseconds = end.at.saturating_sub(begin.at);
    let server = begin.server.zip(end.server);
    let own = end.own.since(&begin.own, nanoseconds);
    Lap {
        limits: own::limits(own, &tally, machine::tracked_share()),
        from: begun_at + float(from) / 1e9,
        seconds: float(until.saturating_sub(from)) / 1e9,
        offered_seconds: float(tally.last_due.saturating_sub(from)) / 1e9,
        server: server.map(|(a, b)| ServerCost::between(a, b, float(nanoseconds) / 1e9)),
        own,
        tally,
    }
}
