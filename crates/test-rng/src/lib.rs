//! Random numbers for tests: those that are wanted, too few, or none.
//!
//! Everything in this repository is drawn as bytes, in the one way that can say that it failed. So the other ways of a
//! generator are not there: whoever takes one has a test that says so.

use std::fmt;

use rand_core::{CryptoRng, Error, OsRng, RngCore};

/// Gives what it was told to, and counts how often it was asked.
pub struct Draws {
    give: Box<Give>,
    count: usize,
}

type Give = dyn FnMut(&mut [u8]) -> Result<(), Error>;

impl Draws {
    /// These bytes in order, and nothing more once they do not suffice.
    #[must_use]
    pub fn of(bytes: impl Into<Vec<u8>>) -> Self {
        let mut left = bytes.into();
        Self::by(move |dest| {
            if left.len() < dest.len() {
                return Err(Error::new("used up"));
            }
            let rest = left.split_off(dest.len());
            dest.copy_from_slice(&left);
            left = rest;
            Ok(())
        })
    }

    /// Nothing, as a system without entropy.
    #[must_use]
    pub fn none() -> Self {
        Self::of([])
    }

    /// The same byte for ever.
    #[must_use]
    pub fn always(byte: u8) -> Self {
        Self::filled(move |dest| dest.fill(byte))
    }

    /// Whatever this writes, each time.
    #[must_use]
    pub fn filled(mut fill: impl FnMut(&mut [u8]) + 'static) -> Self {
        Self::by(move |dest| {
            fill(dest);
            Ok(())
        })
    }

    /// The system's, so many times, and nothing more.
    #[must_use]
    pub fn of_the_system(times: usize) -> Self {
        let mut left = times;
        Self::by(move |dest| {
            left = left.checked_sub(1).ok_or_else(|| Error::new("used up"))?;
            OsRng.try_fill_bytes(dest)
        })
    }

    /// How often it was asked, also in vain.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    fn by(give: impl FnMut(&mut [u8]) -> Result<(), Error> + 'static) -> Self {
        Self {
            give: Box::new(give),
            count: 0,
        }
    }
}

impl RngCore for Draws {
    fn next_u32(&mut self) -> u32 {
        unreachable!("everything is drawn as bytes")
    }

    fn next_u64(&mut self) -> u64 {
        unreachable!("everything is drawn as bytes")
    }

    fn fill_bytes(&mut self, _: &mut [u8]) {
        unreachable!("this way cannot say that it failed")
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
        self.count += 1;
        (self.give)(dest)
    }
}

impl CryptoRng for Draws {}

impl fmt::Debug for Draws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draws")
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(draws: &mut Draws) -> Option<[u8; 2]> {
        let mut bytes = [0; 2];
        draws.try_fill_bytes(&mut bytes).ok().map(|()| bytes)
    }

    #[test]
    fn what_is_told_comes_in_order_and_then_nothing() {
        let mut draws = Draws::of([1, 2, 3, 4, 5]);
        let all = [(); 3].map(|()| drawn(&mut draws));
        assert_eq!(all, [Some([1, 2]), Some([3, 4]), None]);
        assert_eq!(draws.count(), 3, "also in vain");
        assert_eq!(drawn(&mut Draws::none()), None);
    }

    #[test]
    fn what_has_no_end_goes_on() {
        let mut draws = Draws::always(7);
        assert_eq!([(); 3].map(|()| drawn(&mut draws)), [Some([7, 7]); 3]);
        let mut next = 0;
        let mut draws = Draws::filled(move |dest| {
            next += 1;
            dest.fill(next);
        });
        assert_eq!(
            [drawn(&mut draws), drawn(&mut draws)],
            [Some([1, 1]), Some([2, 2])]
        );
    }

    #[test]
    fn the_system_is_asked_so_often_and_no_more() {
        let mut draws = Draws::of_the_system(2);
        let given = [(); 3].map(|()| drawn(&mut draws).is_some());
        assert_eq!(given, [true, true, false]);
    }
}
