//! Settings as a file, and as a table for the manual.

use std::fmt::Write as _;

use super::load::Origins;
use super::table::{Key, Settings};

/// The settings in force, as a file that gives the same settings, with where each comes from.
#[must_use]
pub fn as_file(settings: &Settings, origins: &Origins) -> String {
    let mut out = String::new();
    let mut heading = "";
    for key in Key::all() {
        if key.heading() != heading {
            let gap = if heading.is_empty() { "" } else { "\n" };
            heading = key.heading();
            let _ = writeln!(out, "{gap}# {heading}");
        }
        let value = in_toml(&key.show(settings));
        let name = key.name();
        match origins.of(&name) {
            Some(origin) => {
                let _ = writeln!(out, "{name} = {value}  # {origin}");
            }
            None => {
                let _ = writeln!(out, "{name} = {value}");
            }
        }
    }
    out
}

/// A table of every key for the manual, in Markdown.
#[must_use]
pub fn as_markdown() -> String {
    let defaults = Settings::default();
    let mut out = String::new();
    let mut heading = "";
    for key in Key::all() {
        if key.heading() != heading {
            heading = key.heading();
            let _ = write!(
                out,
                "\n### {heading}\n\n| key | default | what and why |\n|---|---|---|\n"
            );
        }
        let default = in_toml(&key.show(&defaults));
        let help: Vec<_> = key.help().split_whitespace().collect();
        let _ = writeln!(
            out,
            "| `{}` | `{default}` | {} |",
            key.name(),
            help.join(" ")
        );
    }
    out
}

/// A number or switch as it is, everything else in quotes.
fn in_toml(text: &str) -> String {
    if text.parse::<bool>().is_ok()
        || text.parse::<u64>().is_ok() && !text.starts_with('0')
        || text == "0"
    {
        return text.to_owned();
    }
    toml::Value::String(text.to_owned()).to_string()
}
