//! Tells the story as it happens.

use std::time::Duration;

use hawser_demo::story::{Event, Narrator, Part, Stage, StageTime, StoryReport, USER};
use hawser_radio::loopback::PROXIMITY_NOTICE;

use crate::paper::{Actor, Line, Mark};
use crate::screen::{Reader, Screen};

/// A story that is being told.
pub(super) struct Narration {
    screen: Screen,
    part: Option<Part>,
    stages: Vec<StageTime>,
}

impl Narration {
    /// Starts to tell. The first thing to say is what is real and what is not.
    pub(super) fn begin(reader: Reader) -> Self {
        let screen = Screen::open(reader);
        let paper = screen.paper();
        screen.say(&format!(
            "\n{}\n\n{}\n{}",
            paper.title("A phone approves a sign-in on a laptop"),
            paper.aside(
                "Relay, site, laptop and phone all run on this computer and talk over real sockets."
            ),
            paper.notice(PROXIMITY_NOTICE)
        ));
        Self {
            screen,
            part: None,
            stages: Vec::new(),
        }
    }

    /// The end of a story that came to one.
    pub(super) fn sum_up(&self, report: &StoryReport) {
        self.screen.still();
        let (mark, verdict) = match &report.declined {
            None if report.registered && report.signed_in => (
                Mark::Good,
                format!(
                    "The site verified both: {USER} enrolled a passkey, and signed in with it."
                ),
            ),
            Some(words) => (Mark::Bad, format!("The laptop says: {words}.")),
            None => (Mark::Bad, "The site did not verify everything.".to_owned()),
        };
        let count = format!(
            "{} messages went through the relay, which could read none of them. {:.1} s in all.",
            report.relay_messages,
            Duration::from_millis(report.elapsed_ms).as_secs_f64()
        );
        let paper = self.screen.paper();
        self.screen.say(&format!(
            "\n{}\n{}\n",
            paper.verdict(mark, &verdict),
            paper.aside(&count)
        ));
    }

    /// The end of a story that broke off.
    pub(super) fn break_off(&self) {
        self.screen.still();
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
}

impl Narrator for Narration {
    fn tell(&mut self, event: &Event) {
        let paper = self.screen.paper();
        if self.part.replace(event.part) != Some(event.part) {
            let heading = paper.heading(&capitalised(event.part.title()));
            self.screen.say(&format!("\n{heading}\n"));
        }
        self.screen.say(&paper.line(Line {
            at: event.at,
            actor: actor(event.stage),
            mark: mark(event.stage),
            title: event.stage.title(),
            detail: &event.detail,
        }));
        if let Some(code) = &event.screen {
            self.screen.say(&paper.code(code));
        }
        self.stages.push(StageTime {
            part: event.part,
            name: event.stage,
            ms: event.at.as_millis().try_into().unwrap_or(u64::MAX),
        });
        self.screen.waiting(coming(event.stage));
    }
}

const fn actor(stage: Stage) -> Actor {
    match stage {
        Stage::RelayUp => Actor::Relay,
        Stage::SiteUp | Stage::PasswordAccepted | Stage::Verified => Actor::Site,
        Stage::QrScanned | Stage::TunnelOpen | Stage::Approved | Stage::Declined => Actor::Phone,
        Stage::Secured | Stage::Closed => Actor::Both,
        _ => Actor::Laptop,
    }
}

const fn mark(stage: Stage) -> Mark {
    match stage {
        Stage::Approved | Stage::Verified => Mark::Good,
        Stage::Declined => Mark::Bad,
        _ => Mark::Step,
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

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}
