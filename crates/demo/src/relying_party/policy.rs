//! When MFA is advised, due or mandatory: values in, values out.
//!
//! A [`Policy`] has a [`Mode`] for each [`Population`]. It holds for users whom the roll-out has
//! reached (their cohort); for everybody else it is as if the mode were off.

mod cohort;
mod error;
mod mode;
mod population;
mod words;

use std::time::{Duration, SystemTime};

use super::GRACE_PERIOD;

pub use cohort::{Cohort, CohortSize};
pub use error::PolicyError;
pub use mode::Mode;
pub use population::Population;

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
}
