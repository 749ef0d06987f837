//! Threads that drive, and what they hand to a scenario.

pub(crate) mod crew;
pub(crate) mod lap;
pub(crate) mod pace;
pub(crate) mod session;
pub(crate) mod ticket;
pub(crate) mod worker;
