//! Live progress on a terminal. Nothing is written where nobody watches.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::measure::tally::Tally;
use crate::number::{float, ratio, whole};
use crate::report::series::Sample;
use crate::report::units;
use crate::run::outlook::Outlook;

/// A line that follows a lap.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(crate) fn new(quiet: bool) -> Self {
        let watched = !quiet && std::io::stderr().is_terminal();
        Self {
            bar: watched.then(|| {
                let bar = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr());
                let style = "{prefix:10} {bar:24.cyan/white.dim} {msg}";
                // The template is a constant; a plain bar would do as well.
                if let Ok(style) = ProgressStyle::with_template(style) {
                    bar.set_style(style.progress_chars("━╸─"));
                }
                bar
            }),
        }
    }

    /// A lap begins.
    pub(crate) fn begin(&self, outlook: &Outlook) {
        if let Some(bar) = &self.bar {
            bar.set_length(whole(outlook.length * 1000.0).max(1));
            bar.set_position(0);
            bar.set_prefix(outlook.name.clone());
            bar.set_message("begins");
        }
    }

    /// A row of the time series is there.
    pub(crate) fn show(&self, sample: &Sample, counts: &Tally, now: u64) {
        let Some(bar) = &self.bar else { return };
        bar.set_position((now / 1_000_000).min(bar.length().unwrap_or(u64::MAX)));
        let live = counts.live;
        let time = |ms: Option<f64>| ms.map_or_else(|| "-".to_owned(), units::time);
        let faults = match counts.fault_count() {
            0 => String::new(),
            n => format!("  FAULTS {n}"),
        };
        bar.set_message(format!(
            "{}/s of {}/s  {} in flight  errors {}  p50 {}  p99 {}  client {}{faults}",
            units::number(sample.done),
            units::number(sample.offered),
            units::count(sample.in_flight),
            units::percent(ratio(float(live.failed), float(live.done + live.failed))),
            time(sample.p50),
            time(sample.p99),
            units::percent(sample.client_busy),
        ));
    }

    /// The lap is over.
    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
