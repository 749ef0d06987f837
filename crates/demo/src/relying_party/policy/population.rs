//! Whom a policy can tell apart.

use super::error::PolicyError;
use super::words::words;

words! {
    /// A kind of user that a policy can tell apart, in the order of a roll-out: the most powerful first.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
    pub enum Population or Population {
        /// The root user of the management account.
        ManagementRoot => "management-root",
        /// The root users of member accounts.
        MemberRoot => "member-root",
        /// Everybody else.
        Users => "users",
    }
}

impl Population {
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
