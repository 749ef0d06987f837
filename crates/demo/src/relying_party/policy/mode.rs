//! How much is asked of a population.

use std::fmt;
use std::str::FromStr;

use super::error::PolicyError;

/// How much the policy asks of a population.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// Nothing.
    #[default]
    Off,
    /// A message at sign-in.
    Notify,
    /// A message at sign-in, and a deadline that runs from the first one.
    Grace,
    /// Nobody gets in without MFA.
    Enforced,
}

impl Mode {
    /// All of them, from the mildest.
    pub const ALL: [Self; 4] = [Self::Off, Self::Notify, Self::Grace, Self::Enforced];

    /// The word for programs and for people.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Notify => "notify",
            Self::Grace => "grace",
            Self::Enforced => "enforced",
        }
    }
}

impl FromStr for Mode {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let mut modes = Self::ALL.into_iter();
        modes
            .find(|mode| mode.code() == text)
            .ok_or(PolicyError::Mode)
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_programs_read_back() {
        for mode in Mode::ALL {
            assert_eq!(mode.code().parse(), Ok(mode));
        }
        assert_eq!("on".parse::<Mode>(), Err(PolicyError::Mode));
    }
}
