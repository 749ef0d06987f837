//! The steps of a roll-out.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use super::error::PolicyError;

/// A step of the roll-out that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cohort {
    /// Counts from one.
    pub number: i64,
    /// When it was brought under the policy.
    pub began: SystemTime,
    /// How many users it has.
    pub users: i64,
}

/// How many users the next step of the roll-out brings under the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CohortSize {
    /// So many per cent of all users, rounded up.
    Percent(u8),
    /// So many users.
    Users(usize),
}

impl CohortSize {
    /// How many of `all` users this is.
    #[must_use]
    pub fn of(self, all: usize) -> usize {
        match self {
            Self::Users(users) => users,
            Self::Percent(percent) => all.saturating_mul(percent.into()).div_ceil(100),
        }
    }
}

impl FromStr for CohortSize {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let size = match text.trim().strip_suffix('%') {
            Some(percent) => percent.trim().parse().ok().map(Self::Percent),
            None => text.trim().parse().ok().map(Self::Users),
        };
        match size {
            Some(Self::Percent(1..=100)) => size.ok_or(PolicyError::Size),
            Some(Self::Users(users)) if users > 0 => Ok(Self::Users(users)),
            _ => Err(PolicyError::Size),
        }
    }
}

impl fmt::Display for CohortSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percent(percent) => write!(f, "{percent}% of all users"),
            Self::Users(1) => f.write_str("1 user"),
            Self::Users(users) => write!(f, "{users} users"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cohorts_are_counted_in_users_or_per_cent_rounded_up() {
        assert_eq!("10%".parse(), Ok(CohortSize::Percent(10)));
        assert_eq!(" 7 ".parse(), Ok(CohortSize::Users(7)));
        assert_eq!(CohortSize::Percent(10).of(11), 2);
        assert_eq!(CohortSize::Percent(100).of(11), 11);
        for wrong in ["0%", "101%", "0", "-1", "", "%", "ten"] {
            assert_eq!(
                wrong.parse::<CohortSize>(),
                Err(PolicyError::Size),
                "{wrong}"
            );
        }
    }
}
