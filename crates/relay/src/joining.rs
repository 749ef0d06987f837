//! A laptop between two tasks.

use crate::seat::Seat;
use crate::socket::Handed;

/// A laptop that has got its 101, on its way to the phone's task.
#[derive(Debug)]
pub(crate) struct Joining {
    pub(crate) socket: Handed,
    pub(crate) seat: Seat,
    /// What the laptop sent behind its request.
    pub(crate) early: Vec<u8>,
}
