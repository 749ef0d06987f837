//! How a story looks: columns, colours, line breaks. Text in, text out.
//!
//! ```text
//!   0.37 s  laptop  • QR code shown         scan it with the phone
//!   time    who       what                  in detail
//! ```

use std::time::Duration;

use console::{Color, Style};

use crate::qr_code;

/// Paper to write on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paper {
    /// Columns.
    pub(crate) width: usize,
    /// Whether escape sequences for colours are understood.
    pub(crate) colours: bool,
}

/// One thing that happened.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    /// When, since the story began.
    pub(crate) at: Duration,
    /// Who did it.
    pub(crate) actor: Actor,
    /// How good it is.
    pub(crate) mark: Mark,
    /// What happened, in at most 20 letters.
    pub(crate) title: &'a str,
    /// The same in detail.
    pub(crate) detail: &'a str,
}

/// Who does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Actor {
    Relay,
    Site,
    Laptop,
    Phone,
    Both,
}

/// What stands in front of a title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// A step on the way.
    Step,
    /// A good end.
    Good,
    /// A bad end.
    Bad,
}

impl Paper {
    pub(crate) fn title(self, text: &str) -> String {
        format!("{MARGIN}{}", self.style().bold().apply_to(text))
    }

    pub(crate) fn heading(self, text: &str) -> String {
        let heading = self.style().bold().underlined();
        format!("{MARGIN}{}", heading.apply_to(text))
    }

    /// Something by the way.
    pub(crate) fn aside(self, text: &str) -> String {
        self.paragraph(text, &self.style().dim())
    }

    /// Something that must not be overlooked.
    pub(crate) fn notice(self, text: &str) -> String {
        self.paragraph(text, &self.style().yellow())
    }

    /// The last word.
    pub(crate) fn verdict(self, mark: Mark, text: &str) -> String {
        let (sign, style) = self.mark(mark);
        self.paragraph(&format!("{sign} {text}"), &style)
    }

    /// A line of a list: what was looked at, and what was found.
    pub(crate) fn finding(self, mark: Mark, name: &str, words: &str) -> String {
        let (sign, style) = self.mark(mark);
        let room = self.width.saturating_sub(FINDING_COLUMN);
        let words = column(words, room, FINDING_COLUMN, &self.style());
        let gap = FINDING_COLUMN.saturating_sub(MARGIN.len() + 2 + name.len());
        format!(
            "{MARGIN}{} {name}{:gap$}{}",
            style.apply_to(sign),
            "",
            words.trim_start()
        )
    }

    /// What happened: a line, or several where the detail is long.
    pub(crate) fn line(self, line: Line<'_>) -> String {
        let (sign, style) = self.mark(line.mark);
        let title = match line.mark {
            Mark::Step => self.style(),
            Mark::Good | Mark::Bad => style.clone(),
        };
        let time = format!("{:>6.2} s", line.at.as_secs_f64());
        let actor = self.style().fg(line.actor.colour());
        let head = format!(
            "{MARGIN}{}  {}  {} {}",
            self.style().dim().apply_to(time),
            actor.apply_to(format!("{:<6}", line.actor.name())),
            style.apply_to(sign),
            title.apply_to(line.title),
        );
        if line.detail.is_empty() {
            return head;
        }
        // Where there is no room beside the title, the detail stands below it.
        let room = self.width.saturating_sub(DETAIL_COLUMN);
        let style = self.style().dim();
        if room >= NARROWEST {
            let gap = DETAIL_COLUMN.saturating_sub(console::measure_text_width(&head));
            let detail = column(line.detail, room, DETAIL_COLUMN, &style);
            format!("{head}{:gap$}{}", "", detail.trim_start())
        } else {
            let room = self.width.saturating_sub(TITLE_COLUMN);
            let detail = column(line.detail, room, TITLE_COLUMN, &style);
            format!("{head}\n{detail}")
        }
    }

    /// A QR code under the title column.
    pub(crate) fn code(self, screen: &str) -> String {
        let columns = screen.lines().map(|line| line.chars().count());
        let fits = TITLE_COLUMN + columns.max().unwrap_or(0) <= self.width;
        let indent = if fits { TITLE_COLUMN } else { 0 };
        let code = if self.colours {
            qr_code::in_colour(screen)
        } else {
            screen.to_owned()
        };
        let lines = code.lines().map(|line| format!("{:indent$}{line}", ""));
        format!("\n{}\n", lines.collect::<Vec<_>>().join("\n"))
    }

    pub(crate) fn style(self) -> Style {
        Style::new().force_styling(self.colours)
    }

    fn mark(self, mark: Mark) -> (char, Style) {
        match mark {
            Mark::Step => ('•', self.style().dim()),
            Mark::Good => ('✓', self.style().green().bold()),
            Mark::Bad => ('✗', self.style().red().bold()),
        }
    }

    fn paragraph(self, text: &str, style: &Style) -> String {
        let room = self.width.saturating_sub(MARGIN.len());
        column(text, room, MARGIN.len(), style)
    }
}

impl Actor {
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

/// Text that is broken into lines which begin at a column.
fn column(text: &str, room: usize, column: usize, style: &Style) -> String {
    let lines = textwrap::wrap(text, room.max(NARROWEST));
    let lines = lines
        .iter()
        .map(|line| format!("{:column$}{}", "", style.apply_to(line)));
    lines.collect::<Vec<_>>().join("\n")
}

const MARGIN: &str = "  ";
/// Margin, time, who, mark.
const TITLE_COLUMN: usize = 2 + 8 + 2 + 6 + 2 + 2;
/// The longest titles have 20 letters.
const DETAIL_COLUMN: usize = TITLE_COLUMN + 20 + 2;
/// Margin, mark, the longest name.
const FINDING_COLUMN: usize = 2 + 2 + 15 + 2;
/// A column of words that is narrower than this is not read with pleasure.
const NARROWEST: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: Line<'static> = Line {
        at: Duration::from_millis(1234),
        actor: Actor::Laptop,
        mark: Mark::Step,
        title: "waiting for approval",
        detail: "the person with the phone has to look at it now, and to decide",
    };

    fn plain(width: usize) -> Paper {
        Paper {
            width,
            colours: false,
        }
    }

    #[test]
    fn long_details_go_on_below_themselves() {
        assert_eq!(
            plain(80).line(LINE),
            "    1.23 s  laptop  • waiting for approval  the person with the phone has to\n\
             \x20                                           look at it now, and to decide"
        );
    }

    #[test]
    fn in_a_narrow_terminal_details_stand_below_the_title() {
        let told = plain(60).line(LINE);
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines[0], "    1.23 s  laptop  • waiting for approval");
        assert!(
            lines[1].starts_with(&format!("{:22}the person", "")),
            "{told}"
        );
        assert!(lines.iter().all(|line| line.len() <= 60), "{told}");
    }

    #[test]
    fn a_code_that_does_not_fit_is_not_indented() {
        let screen = "█".repeat(45);
        assert_eq!(plain(80).code(&screen), format!("\n{:22}{screen}\n", ""));
        assert_eq!(plain(60).code(&screen), format!("\n{screen}\n"));
    }

    #[test]
    fn colours_change_no_letter() {
        let coloured = Paper {
            width: 80,
            colours: true,
        };
        let told = coloured.line(LINE);
        assert_ne!(told, plain(80).line(LINE));
        assert_eq!(console::strip_ansi_codes(&told), plain(80).line(LINE));
    }
}
