//! Gives the orders to idle tunnels, and reads the service's memory between them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::counts::Counts;
use crate::args::{IdleArgs, State};
use crate::number::{float, ratio};
use crate::report::record::Finding;
use crate::report::units::{bytes, number, time};
use crate::watch::process::Usage;
use crate::watch::server::Server;

/// Time for a service to put its memory in order before it is read.
pub(super) const SETTLE: Duration = Duration::from_secs(1);

/// Between looks at how far the tunnels are.
const LOOK: Duration = Duration::from_millis(10);

/// What the tunnels are to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Hold,
    /// Carry a message each way.
    Touch,
    Close,
}

/// Gives the orders and reads the service's memory between them.
pub(super) struct Conductor {
    pub(super) server: Server,
    pub(super) counts: Arc<Counts>,
    pub(super) order: watch::Sender<Stage>,
    pub(super) stop: CancellationToken,
    pub(super) total: u64,
    pub(super) hold: Duration,
    pub(super) touches: bool,
    /// For each stage that waits for tunnels.
    pub(super) patience: Duration,
}

/// The service's memory and CPU time at the ends of the stages.
#[derive(Debug, Default)]
pub(super) struct Conducted {
    /// How long opening took, in seconds.
    opening: f64,
    opened: u64,
    /// How long they were held, in seconds: less than was asked for after Ctrl-C.
    holding: f64,
    survived: u64,
    before: Option<Usage>,
    settled: Option<Usage>,
    held: Option<Usage>,
    touched: Option<Usage>,
    closed: Option<Usage>,
}

impl Conductor {
    pub(super) async fn conduct(self) -> Conducted {
        let mut seen = Conducted {
            before: self.server.usage().await,
            ..Conducted::default()
        };
        let start = Instant::now();
        self.until(|| self.counts.begun() >= self.total).await;
        seen.opening = start.elapsed().as_secs_f64();
        seen.opened = self.counts.opened();
        self.pause(SETTLE).await;
        seen.settled = self.server.usage().await;
        let start = Instant::now();
        self.pause(self.hold).await;
        seen.holding = start.elapsed().as_secs_f64();
        seen.held = self.server.usage().await;
        seen.survived = seen.opened.saturating_sub(self.counts.ended());
        if self.touches && !self.stop.is_cancelled() {
            self.order.send_replace(Stage::Touch);
            self.until(|| self.counts.settled() >= seen.opened).await;
            self.pause(SETTLE).await;
            seen.touched = self.server.usage().await;
        }
        self.order.send_replace(Stage::Close);
        self.until(|| self.counts.ended() >= self.counts.opened())
            .await;
        self.pause(SETTLE).await;
        seen.closed = self.server.usage().await;
        seen
    }

    async fn until(&self, is_done: impl Fn() -> bool) {
        let end = Instant::now() + self.patience;
        while !is_done() && !self.stop.is_cancelled() && Instant::now() < end {
            sleep(LOOK).await;
        }
    }

    async fn pause(&self, time: Duration) {
        self.stop.run_until_cancelled(sleep(time)).await;
    }
}

impl Conducted {
    pub(super) fn findings(&self, args: &IdleArgs) -> Vec<Finding> {
        let state = match args.state {
            State::Waiting => "waiting",
            State::Paired => "paired",
        };
        let mut all = vec![
            Finding::new(
                "opened",
                float(self.opened),
                format!(
                    "{} tunnels opened in {} s ({}/s)",
                    self.opened,
                    number(self.opening),
                    number(ratio(float(self.opened), self.opening))
                ),
            ),
            Finding::new(
                "survived",
                float(self.survived),
                format!(
                    "{} of them lived through {} s",
                    self.survived,
                    number(self.holding)
                ),
            ),
        ];
        let (Some(before), Some(held)) = (self.before, self.held) else {
            return all;
        };
        let per_tunnel = |usage: Usage| {
            let growth = float(usage.rss) - float(before.rss);
            ratio(growth, float(self.opened))
        };
        let mut cost = |name: &str, usage: Option<Usage>, what: &str| {
            if let Some(usage) = usage {
                let each = per_tunnel(usage);
                all.push(Finding::new(
                    name,
                    each,
                    format!("{} of the service's memory for {what}", bytes(each)),
                ));
            }
        };
        cost(
            "rss_per_tunnel_bytes",
            Some(held),
            &format!("each {state} tunnel"),
        );
        cost(
            "rss_per_touched_tunnel_bytes",
            self.touched,
            "each after one message each way",
        );
        if let Some(closed) = self.closed {
            let kept = float(closed.rss) - float(before.rss);
            all.push(Finding::new(
                "rss_kept_bytes",
                kept,
                format!("{} of it kept when all were closed", bytes(kept)),
            ));
        }
        if let Some(settled) = self.settled {
            let cpu = float(held.cpu.saturating_sub(settled.cpu)) / 1e6;
            let each = ratio(cpu, self.holding);
            all.push(Finding::new(
                "idle_cpu_ms_per_second",
                each,
                format!("{} of CPU time a second to hold them", time(each)),
            ));
        }
        all
    }
}
