//! How the story looks: columns, colours, line breaks. Text in, text out.
//!
//! ```text
//!   0.37 s  laptop  • QR code shown         scan it with the phone
//!   time    who       what                  in detail
//! ```

use console::{Color, Style};
use hawser_demo::story::{Event, Part, Stage, StoryReport, USER};

use crate::qr_code;

/// Paper to write on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// Columns.
    pub(super) width: usize,
    /// Whether escape sequences for colours are understood.
    pub(super) colours: bool,
}

impl Layout {
    /// What stands above the story. It says what is real and what is not.
    pub(super) fn opening(self, notice: &str) -> String {
        let title = self
            .style()
            .bold()
            .apply_to("A phone approves a sign-in on a laptop");
        let real = self.paragraph(
            "Relay, site, laptop and phone all run on this computer and talk over real sockets.",
            &self.style().dim(),
        );
        let notice = self.paragraph(notice, &self.style().yellow());
        format!("\n{MARGIN}{title}\n\n{real}\n{notice}")
    }

    pub(super) fn heading(self, part: Part) -> String {
        let title = capitalised(part.title());
        format!(
            "\n{MARGIN}{}\n",
            self.style().bold().underlined().apply_to(title)
        )
    }

    /// One stage: a line, or several where the detail is long.
    pub(super) fn stage(self, event: &Event) -> String {
        let actor = Actor::of(event.stage);
        let (mark, mark_style) = self.mark(event.stage);
        let head = format!(
            "{MARGIN}{}  {}  {} {}  ",
            self.style()
                .dim()
                .apply_to(format!("{:>6.2} s", event.at.as_secs_f64())),
            self.style()
                .fg(actor.colour())
                .apply_to(format!("{:<6}", actor.name())),
            mark_style.apply_to(mark),
            self.title_style(event.stage)
                .apply_to(format!("{:<TITLE$}", event.stage.title())),
        );
        // Where there is no room beside the title, the detail stands below it.
        let room = self.width.saturating_sub(DETAIL_COLUMN);
        if room >= NARROWEST {
            let detail = self.lines(&event.detail, room, DETAIL_COLUMN);
            format!("{head}{}", detail.trim_start())
                .trim_end()
                .to_owned()
        } else {
            let room = self.width.saturating_sub(TITLE_COLUMN).max(NARROWEST);
            let detail = self.lines(&event.detail, room, TITLE_COLUMN);
            format!("{}\n{detail}", head.trim_end())
                .trim_end()
                .to_owned()
        }
    }

    /// A QR code under the title column.
    pub(super) fn code(self, screen: &str) -> String {
        let columns = screen
            .lines()
            .map(|line| line.chars().count())
            .max()
            .unwrap_or(0);
        let indent = if TITLE_COLUMN + columns <= self.width {
            TITLE_COLUMN
        } else {
            0
        };
        let code = if self.colours {
            qr_code::in_colour(screen)
        } else {
            screen.to_owned()
        };
        let lines = code.lines().map(|line| format!("{:indent$}{line}", ""));
        format!("\n{}\n", lines.collect::<Vec<_>>().join("\n"))
    }

    /// What stands below the story.
    pub(super) fn closing(self, report: &StoryReport) -> String {
        let (mark, style, verdict) = match &report.declined {
            None if report.registered && report.signed_in => (
                '✓',
                self.style().green().bold(),
                format!(
                    "The site verified both: {USER} enrolled a passkey, and signed in with it."
                ),
            ),
            Some(words) => (
                '✗',
                self.style().red().bold(),
                format!("The laptop says: {words}."),
            ),
            None => (
                '✗',
                self.style().red().bold(),
                "The site did not verify everything.".to_owned(),
            ),
        };
        let verdict = self.paragraph(&format!("{mark} {verdict}"), &style);
        let count = format!(
            "{} messages went through the relay, which could read none of them. {:.1} s in all.",
            report.relay_messages,
            std::time::Duration::from_millis(report.elapsed_ms).as_secs_f64()
        );
        let count = self.paragraph(&count, &self.style().dim());
        format!("\n{verdict}\n{count}\n")
    }

    fn mark(self, stage: Stage) -> (char, Style) {
        match stage {
            Stage::Approved | Stage::Verified => ('✓', self.style().green().bold()),
            Stage::Declined => ('✗', self.style().red().bold()),
            _ => ('•', self.style().dim()),
        }
    }

    fn title_style(self, stage: Stage) -> Style {
        match stage {
            Stage::Approved | Stage::Verified => self.style().green().bold(),
            Stage::Declined => self.style().red().bold(),
            _ => self.style(),
        }
    }

    fn paragraph(self, text: &str, style: &Style) -> String {
        let room = self.width.saturating_sub(MARGIN.len()).max(NARROWEST);
        let lines = textwrap::wrap(text, room);
        let lines = lines
            .iter()
            .map(|line| format!("{MARGIN}{}", style.apply_to(line)));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Dim text, broken into lines that begin at a column.
    fn lines(self, text: &str, room: usize, column: usize) -> String {
        let style = self.style().dim();
        let lines = textwrap::wrap(text, room);
        let lines = lines
            .iter()
            .map(|line| format!("{:column$}{}", "", style.apply_to(line)));
        lines.collect::<Vec<_>>().join("\n")
    }

    fn style(self) -> Style {
        Style::new().force_styling(self.colours)
    }
}

/// Who does something in a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Actor {
    Relay,
    Site,
    Laptop,
    Phone,
    Both,
}

impl Actor {
    const fn of(stage: Stage) -> Self {
        match stage {
            Stage::RelayUp => Self::Relay,
            Stage::SiteUp | Stage::PasswordAccepted | Stage::Verified => Self::Site,
            Stage::QrScanned | Stage::TunnelOpen | Stage::Approved | Stage::Declined => Self::Phone,
            Stage::Secured | Stage::Closed => Self::Both,
            _ => Self::Laptop,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Relay => "relay",
            Self::Site => "site",
            Self::Laptop => "laptop",
            Self::Phone => "phone",
            Self::Both => "both",
        }
    }

    const fn colour(self) -> Color {
        match self {
            Self::Relay => Color::Yellow,
            Self::Site => Color::Green,
            Self::Laptop => Color::Cyan,
            Self::Phone => Color::Magenta,
            Self::Both => Color::Blue,
        }
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

const MARGIN: &str = "  ";
/// The longest titles have as many letters.
const TITLE: usize = 20;
/// Margin, time, who, mark.
const TITLE_COLUMN: usize = 2 + 8 + 2 + 6 + 2 + 2;
const DETAIL_COLUMN: usize = TITLE_COLUMN + TITLE + 2;
/// A column of words that is narrower than this is not read with pleasure.
const NARROWEST: usize = 24;
