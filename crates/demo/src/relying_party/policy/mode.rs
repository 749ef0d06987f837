//! How much is asked of a population.

use super::error::PolicyError;
use super::words::words;

words! {
    /// How much the policy asks of a population, from the mildest.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
    pub enum Mode or Mode {
        /// Nothing.
        #[default]
        Off => "off",
        /// A message at sign-in.
        Notify => "notify",
        /// A message at sign-in, and a deadline that runs from the first one.
        Grace => "grace",
        /// Nobody gets in without MFA.
        Enforced => "enforced",
    }
}
