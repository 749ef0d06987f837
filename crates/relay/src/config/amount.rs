//! Amounts that may be left to the machine.

use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;

use super::value::Written;

/// How many connections there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ceiling {
    /// As many as the limit on open files leaves.
    Auto,
    /// This many.
    At(u64),
    /// Any number.
    None,
}

impl fmt::Display for Ceiling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::At(number) => number.fmt(f),
            Self::None => f.write_str("none"),
        }
    }
}

impl FromStr for Ceiling {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "none" => Ok(Self::None),
            number => number.parse().map(Self::At),
        }
    }
}

impl Written for Ceiling {
    fn name() -> String {
        "N|auto|none".to_owned()
    }

    fn expected() -> String {
        "a whole number, auto or none".to_owned()
    }
}

/// How many threads serve clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threads {
    /// One for each core that the process may use.
    PerCore,
    /// This many.
    Count(NonZeroUsize),
}

impl Threads {
    /// The number.
    #[must_use]
    pub fn count(self) -> NonZeroUsize {
        match self {
            Self::PerCore => std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            Self::Count(count) => count,
        }
    }
}

impl fmt::Display for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PerCore => f.write_str("auto"),
            Self::Count(count) => count.fmt(f),
        }
    }
}

impl FromStr for Threads {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::PerCore),
            count => count.parse().map(Self::Count),
        }
    }
}

impl Written for Threads {
    fn name() -> String {
        "N|auto".to_owned()
    }

    fn expected() -> String {
        "a number from 1, or auto".to_owned()
    }
}
