//! The names that people give their MFA devices.

use std::fmt;

/// Most characters of a device name: what fits on a line.
pub const MAX_DEVICE_NAME: usize = 64;

/// A name that is fit to be shown and to be told from others.
///
/// Any script is welcome, and so is `<b>`: showing it as text is the page's duty. What is refused
/// are characters without a look of their own, with which one name could dress up as another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeviceName {
    shown: String,
    key: String,
}

/// Why a name will not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceNameError {
    /// Nothing but spaces.
    #[error("give the device a name, for example \u{201c}My phone\u{201d}")]
    Empty,
    /// More than [`MAX_DEVICE_NAME`] characters.
    #[error("a device name has at most {MAX_DEVICE_NAME} characters")]
    TooLong,
    /// Control characters, or ones that turn the direction of writing.
    #[error("a device name cannot have invisible control characters")]
    ControlCharacter,
}

impl DeviceName {
    pub(super) fn new(text: &str) -> Result<Self, DeviceNameError> {
        // Counted before anything is built from it.
        if text.chars().nth(MAX_RAW).is_some() {
            return Err(DeviceNameError::TooLong);
        }
        let shown = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if shown.chars().any(|c| c.is_control() || turns_direction(c)) {
            return Err(DeviceNameError::ControlCharacter);
        }
        if shown.chars().count() > MAX_DEVICE_NAME {
            return Err(DeviceNameError::TooLong);
        }
        let visible = shown.chars().filter(|c| !is_invisible(*c));
        let key: String = visible.flat_map(char::to_lowercase).collect();
        if key.trim().is_empty() {
            return Err(DeviceNameError::Empty);
        }
        Ok(Self { shown, key })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.shown
    }

    /// Equal for names that a person would confuse: case and invisible characters do not count.
    pub(super) fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// Marks, embeddings, overrides and isolates (Unicode Annex 9). Hebrew and Arabic need none of them.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Joiners are part of emoji and of Persian, and fillers of Hangul, so they may be in a name, but they
/// tell none apart.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200d}'
            | '\u{2060}'..='\u{2064}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// A longer text is not looked at: spaces can be cut, but not thousands of them.
const MAX_RAW: usize = 4 * MAX_DEVICE_NAME;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_any_script_and_with_markup_are_kept_as_they_are() {
        for name in [
            "My phone",
            "<b>bold</b>",
            "טלפון",
            "هاتف",
            "👩‍💻 phone",
            "a\u{301}",
        ] {
            assert_eq!(DeviceName::new(name).unwrap().as_str(), name);
        }
        let spaced = DeviceName::new("  My \t phone ").unwrap();
        assert_eq!(spaced.as_str(), "My phone");
    }

    #[test]
    fn names_that_look_alike_have_one_key() {
        let key = |name| DeviceName::new(name).unwrap().key().to_owned();
        assert_eq!(key("My Phone"), key("my  phone"));
        assert_eq!(key("my\u{200b}phone"), key("myphone"));
        assert_ne!(key("phone 1"), key("phone 2"));
    }

    #[test]
    fn the_limit_is_64_characters() {
        assert!(DeviceName::new(&"é".repeat(64)).is_ok());
        assert!(DeviceName::new(&format!(" {} ", "x".repeat(64))).is_ok());
        for length in [65, 10_000] {
            let error = DeviceName::new(&"x".repeat(length)).unwrap_err();
            assert_eq!(error, DeviceNameError::TooLong);
        }
    }

    #[test]
    fn invisible_names_and_tricks_are_refused() {
        for empty in [
            "",
            "   ",
            "\u{200b}\u{200d}",
            "\u{3164}",
            "\u{2800} \u{115f}",
            "\u{e0041}",
        ] {
            assert_eq!(DeviceName::new(empty), Err(DeviceNameError::Empty));
        }
        for trick in ["a\0b", "a\u{7}b", "\u{202e}enohp", "\u{2066}a", "\u{200f}a"] {
            let refused = DeviceName::new(trick);
            assert_eq!(refused, Err(DeviceNameError::ControlCharacter));
        }
    }
}
