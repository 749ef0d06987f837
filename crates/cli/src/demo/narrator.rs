//! Tells the story as it happens: lines that stay, and on a terminal a spinner for what comes next.

use std::time::Duration;

use console::Term;
use hawser_demo::story::{Event, Narrator, Part, Stage, StageTime, StoryReport};
use hawser_radio::loopback::PROXIMITY_NOTICE;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::layout::Layout;

/// A story that is being told.
pub(super) struct Narration {
    term: Term,
    layout: Layout,
    spinner: ProgressBar,
    part: Option<Part>,
    stages: Vec<StageTime>,
}

impl Narration {
    /// Starts to tell: on standard output, or on standard error where the output is for a program.
    pub(super) fn begin(output_is_for_a_program: bool) -> Self {
        let (term, colours) = if output_is_for_a_program {
            (Term::stderr(), console::colors_enabled_stderr())
        } else {
            (Term::stdout(), console::colors_enabled())
        };
        let columns = term.size_checked().map(|(_, columns)| usize::from(columns));
        let layout = Layout {
            width: columns.unwrap_or(WIDEST).min(WIDEST),
            colours,
        };
        let narration = Self {
            spinner: spinner(&term),
            term,
            layout,
            part: None,
            stages: Vec::new(),
        };
        narration.say(&layout.opening(PROXIMITY_NOTICE));
        narration
    }

    /// The end of a story that came to one.
    pub(super) fn sum_up(&self, report: &StoryReport) {
        self.spinner.finish_and_clear();
        self.say(&self.layout.closing(report));
    }

    /// The end of a story that broke off.
    pub(super) fn break_off(&self) {
        self.spinner.finish_and_clear();
    }

    /// What was told so far.
    pub(super) fn stages(&self) -> &[StageTime] {
        &self.stages
    }

    /// Whether the site verified the registration.
    pub(super) fn registered(&self) -> bool {
        self.stages
            .iter()
            .any(|told| told.part == Part::Register && told.name == Stage::Verified)
    }

    fn say(&self, text: &str) {
        self.spinner.suspend(|| {
            // Nobody is left to be told that the output is closed.
            self.term.write_line(text).ok();
        });
    }
}

impl Narrator for Narration {
    fn tell(&mut self, event: &Event) {
        if self.part.replace(event.part) != Some(event.part) {
            self.say(&self.layout.heading(event.part));
        }
        self.say(&self.layout.stage(event));
        if let Some(screen) = &event.screen {
            self.say(&self.layout.code(screen));
        }
        self.stages.push(StageTime {
            part: event.part,
            name: event.stage,
            ms: event.at.as_millis().try_into().unwrap_or(u64::MAX),
        });
        self.spinner.set_message(coming(event.stage));
        self.spinner.enable_steady_tick(TICK);
    }
}

/// Draws nothing where the output is no terminal.
fn spinner(term: &Term) -> ProgressBar {
    let target = ProgressDrawTarget::term(term.clone(), FRAMES);
    let bar = ProgressBar::with_draw_target(None, target);
    match ProgressStyle::with_template("           {spinner:.cyan} {msg:.dim}") {
        Ok(style) => bar.with_style(style.tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ")),
        Err(_) => bar,
    }
}

/// What is being done after a stage.
const fn coming(after: Stage) -> &'static str {
    match after {
        Stage::RelayUp => "the site starts",
        Stage::SiteUp | Stage::Verified => "the site checks a password",
        Stage::PasswordAccepted => "the laptop draws a QR code",
        Stage::QrShown => "the phone is held to the screen",
        Stage::QrScanned => "the phone dials the relay",
        Stage::TunnelOpen => "the phone sends its advert",
        Stage::PhoneNearby => "the laptop dials the relay",
        Stage::Connected => "laptop and phone shake hands",
        Stage::Secured => "the laptop sends its request",
        Stage::WaitingForApproval => "the person looks at the phone",
        Stage::Approved => "the phone signs",
        Stage::Declined => "the phone says no",
        Stage::Closed => "the site verifies the answer",
        _ => "",
    }
}

/// Lines longer than this are hard to follow, however wide the terminal.
const WIDEST: usize = 110;
const TICK: Duration = Duration::from_millis(80);
/// Times a second that the spinner may be drawn.
const FRAMES: u8 = 20;
