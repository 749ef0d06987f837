//! Whom a policy can tell apart.

use std::fmt;
use std::str::FromStr;

use super::error::PolicyError;

/// A kind of user that a policy can tell apart, in the order of a roll-out: the most powerful first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Population {
    /// The root user of the management account.
    ManagementRoot,
    /// The root users of member accounts.
    MemberRoot,
    /// Everybody else.
    Users,
}

impl Population {
    /// All of them, in the order of a roll-out.
    pub const ALL: [Self; 3] = [Self::ManagementRoot, Self::MemberRoot, Self::Users];

    /// The word for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::ManagementRoot => "management-root",
            Self::MemberRoot => "member-root",
            Self::Users => "users",
        }
    }

    /// The words for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::ManagementRoot => "Root of the management account",
            Self::MemberRoot => "Roots of member accounts",
            Self::Users => "All other users",
        }
    }
}

impl FromStr for Population {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let mut populations = Self::ALL.into_iter();
        populations
            .find(|population| population.code() == text)
            .ok_or(PolicyError::Population)
    }
}

impl fmt::Display for Population {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_programs_read_back() {
        for population in Population::ALL {
            assert_eq!(population.code().parse(), Ok(population));
        }
    }
}
