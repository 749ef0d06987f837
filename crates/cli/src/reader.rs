//! Whether somebody still reads what a command tells.

use std::future::pending;

use tokio::sync::oneshot;

/// Resolves when whoever read standard output has left, as `head` does; never where that is no pipe.
///
/// A command that waits would notice only when it next has something to say, and that may be never.
pub(crate) async fn left() {
    let (tell, told) = oneshot::channel();
    let watching = std::thread::Builder::new().name("reader".to_owned());
    // On a thread of its own, which is left behind in its wait when the program ends.
    let watching = watching.spawn(move || {
        if system::wait_for_end_of_pipe() {
            tell.send(()).ok();
        }
    });
    if let Err(error) = watching {
        tracing::debug!(%error, "nobody looks whether standard output is still read");
    }
    if told.await.is_err() {
        pending::<()>().await;
    }
}

#[cfg(unix)]
mod system {
    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::fs::{FileType, fstat};
    use rustix::io::Errno;

    /// Blocks until nobody can read standard output any more; false at once where it is no pipe.
    pub(super) fn wait_for_end_of_pipe() -> bool {
        let out = std::io::stdout();
        let kind = fstat(&out).map(|out| FileType::from_raw_mode(out.st_mode));
        if kind != Ok(FileType::Fifo) {
            return false;
        }
        // Nothing is asked for: that nobody is left is told all the same.
        let mut watched = [PollFd::new(&out, PollFlags::empty())];
        loop {
            match poll(&mut watched, None) {
                Err(Errno::INTR) => {}
                ended => return ended.is_ok(),
            }
        }
    }
}

#[cfg(not(unix))]
mod system {
    /// Nothing here tells.
    pub(super) const fn wait_for_end_of_pipe() -> bool {
        false
    }
}
