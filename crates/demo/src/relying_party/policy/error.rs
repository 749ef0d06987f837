//! Words of a policy that mean nothing.

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
