//! The read buffer: one a thread, because a tunnel needs it only while it runs.

use std::cell::Cell;

/// Bytes in the buffer. Large enough that a full socket empties in few reads, small enough to stay
/// in a core's cache.
pub(crate) const SIZE: usize = 64 * 1024;

thread_local! {
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Lends this thread's buffer to `work`. Its content is arbitrary.
///
/// The buffer is taken out meanwhile, so that a nested call gets another one instead of a panic.
pub(crate) fn with<T>(work: impl FnOnce(&mut [u8]) -> T) -> T {
    let mut buffer = BUFFER.take();
    if buffer.len() < SIZE {
        buffer = vec![0; SIZE];
    }
    let result = work(&mut buffer);
    BUFFER.set(buffer);
    result
}
