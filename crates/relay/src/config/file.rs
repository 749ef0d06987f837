//! The file: TOML, one key a line, the names of the flags.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::table::Key;

/// A key in a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) key: String,
    pub(super) text: String,
    pub(super) number: usize,
}

/// What is wrong with a file, and in which line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) number: usize,
    pub(super) what: String,
}

/// Reads the lines of a file: those that can be used, and everything that is wrong with the others.
///
/// # Errors
/// When it is no TOML at all, so that there are no lines.
pub(super) fn read(content: &str) -> Result<(Vec<Line>, Vec<Wrong>), Wrong> {
    let table = DeTable::parse(content).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let what = error.message().to_owned();
        let number = line_at(content, at);
        Wrong { number, what }
    })?;
    let mut lines = Vec::new();
    let mut wrong = Vec::new();
    for (key, value) in table.into_inner() {
        let number = line_at(content, key.span().start);
        let name = key.into_inner().into_owned();
        match Key::named(&name).map(|_| text_of(&value)) {
            None => wrong.push(Wrong {
                number,
                what: unknown(&name),
            }),
            Some(None) => wrong.push(Wrong {
                number,
                what: format!("{name}: expected a text, a number, true, false, or a list of texts"),
            }),
            Some(Some(text)) => lines.push(Line {
                key: name,
                text,
                number,
            }),
        }
    }
    Ok((lines, wrong))
}

/// What to say about a name that is no key's.
pub(super) fn unknown(name: &str) -> String {
    let dashed = name.to_lowercase().replace('_', "-");
    match Key::named(&dashed) {
        Some(_) => format!("unknown key {name:?}; it is written {dashed}"),
        None => format!("unknown key {name:?}; --help lists all keys"),
    }
}

fn text_of(value: &Spanned<DeValue<'_>>) -> Option<String> {
    match value.get_ref() {
        DeValue::String(text) => Some(text.clone().into_owned()),
        DeValue::Integer(number) => Some(number.to_string()),
        DeValue::Boolean(switch) => Some(switch.to_string()),
        DeValue::Array(values) => values
            .iter()
            .map(|value| match value.get_ref() {
                DeValue::String(text) => Some(text.clone().into_owned()),
                _ => None,
            })
            .collect::<Option<Vec<_>>>()
            .map(|texts| texts.join(",")),
        _ => None,
    }
}

fn line_at(content: &str, offset: usize) -> usize {
    let before = content.get(..offset).unwrap_or(content);
    1 + before.matches('\n').count()
}
