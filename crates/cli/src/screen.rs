//! What a command shows while it works: lines that stay, and on a terminal a spinner below them.

use std::future::pending;
use std::time::{Duration, Instant};

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::paper::{Actor, Line, Mark, Paper};
use crate::reader;

/// Whom the output is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// A person, who is told everything on standard output.
    Person,
    /// A program, which gets one result on standard output; the person is told the rest on standard error.
    Program,
}

/// A place to tell what happens. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Screen {
    term: Term,
    paper: Paper,
    spinner: ProgressBar,
    began: Instant,
    reader: Reader,
}

impl Screen {
    pub(crate) fn open(reader: Reader) -> Self {
        let (term, colours) = match reader {
            Reader::Person => (Term::stdout(), console::colors_enabled()),
            Reader::Program => (Term::stderr(), console::colors_enabled_stderr()),
        };
        let columns = term.size_checked().map(|(_, columns)| usize::from(columns));
        Self {
            spinner: spinner(&term),
            term,
            paper: Paper {
                width: columns.unwrap_or(WIDEST).min(WIDEST),
                colours,
            },
            began: Instant::now(),
            reader,
        }
    }

    pub(crate) fn paper(&self) -> Paper {
        self.paper
    }

    /// Whether somebody can see it as it happens.
    pub(crate) fn is_terminal(&self) -> bool {
        self.term.features().is_attended()
    }

    /// Resolves when nobody is told anything any more. A program that gets one result at the end can still have that.
    pub(crate) async fn unseen(&self) {
        match self.reader {
            Reader::Person => reader::left().await,
            Reader::Program => pending().await,
        }
    }

    /// Adds text, which may have several lines.
    pub(crate) fn say(&self, text: &str) {
        self.spinner.suspend(|| {
            // Nobody is left to be told that the output is closed.
            self.term.write_line(text).ok();
        });
    }

    /// Adds something that happened just now.
    pub(crate) fn tell(&self, actor: Actor, mark: Mark, title: &str, detail: &str) {
        self.say(&self.paper.line(Line {
            at: self.began.elapsed(),
            actor,
            mark,
            title,
            detail,
        }));
    }

    /// Says below everything what is being waited for, until the next call or [`Self::still`].
    pub(crate) fn waiting(&self, for_what: &'static str) {
        if self.spinner.is_finished() {
            self.spinner.reset();
        }
        self.spinner.set_message(for_what);
        self.spinner.enable_steady_tick(TICK);
    }

    /// Nothing is being waited for, or a person is being asked.
    pub(crate) fn still(&self) {
        self.spinner.disable_steady_tick();
        self.spinner.finish_and_clear();
    }
}

/// Draws nothing where the output is no terminal.
fn spinner(term: &Term) -> ProgressBar {
    let target = ProgressDrawTarget::term(term.clone(), FRAMES);
    let bar = ProgressBar::with_draw_target(None, target);
    match ProgressStyle::with_template("                    {spinner:.cyan} {msg:.dim}") {
        Ok(style) => bar.with_style(style.tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ")),
        Err(_) => bar,
    }
}

/// Lines longer than this are hard to follow, however wide the terminal.
const WIDEST: usize = 110;
const TICK: Duration = Duration::from_millis(80);
/// Times a second that the spinner may be drawn.
const FRAMES: u8 = 20;
