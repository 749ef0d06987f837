//! Threads that drive, and what they hand to a scenario.

pub(crate) mod crew;
pub(crate) mod lap;
pub(crate) mod outlook;
pub(crate) mod pace;
pub(crate) mod session;
mod stop;
pub(crate) mod ticket;
mod watch;
pub(crate) mod window;
pub(crate) mod worker;
