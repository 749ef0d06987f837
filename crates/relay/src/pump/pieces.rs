//! The parts of a read buffer that go out: few, and in order.

use std::io::IoSlice;
use std::ops::Range;

/// Frames shorter than this are moved up to the one before, so that one slice holds them all: a
/// kilobyte is copied faster than the kernel handles another slice.
const MOVED: usize = 4096;

/// A 64 KiB buffer holds at most 16 frames that are too long to move.
const MOST: usize = 24;

/// Ranges of one buffer, to be written in one call.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    ranges: [(usize, usize); MOST],
    count: usize,
    total: usize,
}

impl Pieces {
    /// Adds a range that lies behind all earlier ones, perhaps moving its bytes forward.
    pub(super) fn add(&mut self, buffer: &mut [u8], range: Range<usize>) {
        let len = range.len();
        if len == 0 {
            return;
        }
        self.total += len;
        let last = self
            .count
            .checked_sub(1)
            .and_then(|last| self.ranges.get_mut(last));
        if let Some((_, end)) = last
            && (len < MOVED || *end == range.start || self.count == MOST)
        {
            let to = *end;
            *end += len;
            if to != range.start {
                buffer.copy_within(range, to);
            }
        } else if let Some(free) = self.ranges.get_mut(self.count) {
            *free = (range.start, range.end);
            self.count += 1;
        }
    }

    /// Bytes in all ranges together.
    pub(super) fn total(&self) -> usize {
        self.total
    }

    /// The only range's bytes, if there is just one.
    pub(super) fn single<'a>(&self, buffer: &'a [u8]) -> Option<&'a [u8]> {
        match (self.count, self.ranges.first()) {
            (1, Some(&(start, end))) => buffer.get(start..end),
            _ => None,
        }
    }

    /// Calls `write` with the bytes as slices for a vectored write.
    pub(super) fn with_slices<T>(
        &self,
        buffer: &[u8],
        write: impl FnOnce(&[IoSlice<'_>]) -> T,
    ) -> T {
        let mut slices = [IoSlice::new(&[]); MOST];
        for (slice, part) in slices.iter_mut().zip(self.parts(buffer)) {
            *slice = IoSlice::new(part);
        }
        write(slices.get(..self.count).unwrap_or_default())
    }

    /// A copy of everything behind the first `skip` bytes.
    pub(super) fn copy_from(&self, buffer: &[u8], mut skip: usize) -> Vec<u8> {
        let mut copy = Vec::with_capacity(self.total.saturating_sub(skip));
        for part in self.parts(buffer) {
            copy.extend_from_slice(part.get(skip..).unwrap_or_default());
            skip = skip.saturating_sub(part.len());
        }
        copy
    }

    fn parts<'a>(&'a self, buffer: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.ranges
            .iter()
            .take(self.count)
            .map(|&(start, end)| buffer.get(start..end).unwrap_or_default())
    }
}
