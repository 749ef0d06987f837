//! A random number generator that gives the keys of a vector.

use rand_core::{CryptoRng, Error, RngCore};

/// Gives the bytes that it holds, in order, then fails.
pub(crate) struct Draws(Vec<u8>);

impl Draws {
    pub(crate) fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }
}

impl RngCore for Draws {
    fn next_u32(&mut self) -> u32 {
        unreachable!("keys are drawn as bytes")
    }

    fn next_u64(&mut self) -> u64 {
        unreachable!("keys are drawn as bytes")
    }

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        self.try_fill_bytes(dest).unwrap();
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
        if self.0.len() < dest.len() {
            return Err(Error::new("used up"));
        }
        let rest = self.0.split_off(dest.len());
        dest.copy_from_slice(&self.0);
        self.0 = rest;
        Ok(())
    }
}

impl CryptoRng for Draws {}
