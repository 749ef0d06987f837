//! When MFA is advised, due or mandatory: values in, values out.
//!
//! A [`Policy`] has a [`Mode`] for each [`Population`]. It holds for users whom the roll-out has
//! reached (their cohort); for everybody else it is as if the mode were off.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use super::GRACE_PERIOD;

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

/// The whole policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    modes: [Mode; Population::ALL.len()],
    /// How long somebody may skip after their first sign-in under [`Mode::Grace`].
    pub grace: Duration,
    /// Since when the kill switch is on: nobody is asked for anything new.
    pub suspended_since: Option<SystemTime>,
}

/// What the policy wants of a user who has no MFA device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// Nothing.
    Nothing,
    /// It would be good to register one.
    Advised,
    /// From that moment on there is no way in without.
    Due(SystemTime),
    /// There is no way in without.
    Mandatory,
}

/// How far the roll-out has reached a user.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    pub(super) population: Population,
    pub(super) in_cohort: bool,
    pub(super) grace_began: Option<SystemTime>,
}

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

/// A text is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Not a mode.
    #[error("a mode is one of off, notify, grace, enforced")]
    Mode,
    /// Not a population.
    #[error("a population is one of management-root, member-root, users")]
    Population,
    /// Not the size of a cohort.
    #[error("the size of a cohort is a number of users (25) or a percentage from 1% to 100%")]
    Size,
}

impl Policy {
    /// The mode of a population.
    #[must_use]
    pub fn mode(&self, population: Population) -> Mode {
        let [management, member, users] = self.modes;
        match population {
            Population::ManagementRoot => management,
            Population::MemberRoot => member,
            Population::Users => users,
        }
    }

    pub(super) fn set_mode(&mut self, population: Population, mode: Mode) {
        let [management, member, users] = &mut self.modes;
        match population {
            Population::ManagementRoot => *management = mode,
            Population::MemberRoot => *member = mode,
            Population::Users => *users = mode,
        }
    }

    /// The mode that holds for a user at this moment.
    pub(super) fn mode_for(&self, reach: Reach) -> Mode {
        if self.suspended_since.is_some() || !reach.in_cohort {
            Mode::Off
        } else {
            self.mode(reach.population)
        }
    }

    /// What the policy wants of a user without a device, at a sign-in.
    ///
    /// A grace period that has not begun begins with that sign-in.
    pub(super) fn requirement(&self, reach: Reach, now: SystemTime) -> Requirement {
        match self.mode_for(reach) {
            Mode::Off => Requirement::Nothing,
            Mode::Notify => Requirement::Advised,
            Mode::Enforced => Requirement::Mandatory,
            Mode::Grace => {
                let deadline = reach.grace_began.unwrap_or(now) + self.grace;
                if now < deadline {
                    Requirement::Due(deadline)
                } else {
                    Requirement::Mandatory
                }
            }
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            modes: [Mode::Off; Population::ALL.len()],
            grace: GRACE_PERIOD,
            suspended_since: None,
        }
    }
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

impl FromStr for Mode {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let mut modes = Self::ALL.into_iter();
        modes
            .find(|mode| mode.code() == text)
            .ok_or(PolicyError::Mode)
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

impl fmt::Display for CohortSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percent(percent) => write!(f, "{percent}% of all users"),
            Self::Users(1) => f.write_str("1 user"),
            Self::Users(users) => write!(f, "{users} users"),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
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

    const START: SystemTime = SystemTime::UNIX_EPOCH;

    fn reach(population: Population) -> Reach {
        Reach {
            population,
            in_cohort: true,
            grace_began: None,
        }
    }

    fn grace() -> Policy {
        let mut policy = Policy::default();
        policy.set_mode(Population::Users, Mode::Grace);
        policy
    }

    #[test]
    fn grace_runs_from_the_first_sign_in_for_35_days() {
        let policy = grace();
        let mut alice = reach(Population::Users);
        let deadline = START + Duration::from_hours(35 * 24);
        assert_eq!(policy.requirement(alice, START), Requirement::Due(deadline));

        alice.grace_began = Some(START);
        let last = deadline - Duration::from_millis(1);
        assert_eq!(policy.requirement(alice, last), Requirement::Due(deadline));
        let over = policy.requirement(alice, deadline);
        assert_eq!(over, Requirement::Mandatory);
    }

    #[test]
    fn each_population_has_its_own_mode() {
        let mut policy = grace();
        policy.set_mode(Population::ManagementRoot, Mode::Enforced);
        policy.set_mode(Population::MemberRoot, Mode::Notify);
        let of = |population| policy.requirement(reach(population), START);
        assert_eq!(of(Population::ManagementRoot), Requirement::Mandatory);
        assert_eq!(of(Population::MemberRoot), Requirement::Advised);
        assert!(matches!(of(Population::Users), Requirement::Due(_)));
    }

    #[test]
    fn nothing_is_asked_outside_the_cohorts_or_under_the_kill_switch() {
        let mut policy = grace();
        policy.set_mode(Population::Users, Mode::Enforced);
        let mut alice = reach(Population::Users);
        alice.in_cohort = false;
        assert_eq!(policy.requirement(alice, START), Requirement::Nothing);

        alice.in_cohort = true;
        policy.suspended_since = Some(START);
        assert_eq!(policy.requirement(alice, START), Requirement::Nothing);
    }

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

    #[test]
    fn words_for_programs_read_back() {
        for mode in Mode::ALL {
            assert_eq!(mode.code().parse(), Ok(mode));
        }
        for population in Population::ALL {
            assert_eq!(population.code().parse(), Ok(population));
        }
        assert_eq!("on".parse::<Mode>(), Err(PolicyError::Mode));
    }
}
