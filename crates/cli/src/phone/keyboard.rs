//! Lines that are typed after a question, and none from before.

use std::io::BufRead as _;
use std::sync::OnceLock;

use tokio::sync::{Mutex, mpsc};

/// Reads the terminal on a thread of its own, because reading cannot be cancelled: the thread is left
/// behind in it when the program ends.
pub(super) struct Keyboard(OnceLock<Mutex<mpsc::Receiver<String>>>);

impl Keyboard {
    pub(super) const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// Throws away what was typed so far. Whoever pressed Enter before a question has not answered it.
    pub(super) fn forget(&self) {
        #[cfg(unix)]
        if let Err(error) =
            rustix::termios::tcflush(std::io::stdin(), rustix::termios::QueueSelector::IFlush)
        {
            tracing::debug!(%error, "what was typed before is not thrown away");
        }
        if let Some(lines) = self.0.get()
            && let Ok(mut lines) = lines.try_lock()
        {
            while lines.try_recv().is_ok() {}
        }
    }

    /// The next line, or nothing when the terminal has gone.
    ///
    /// # Cancel safety
    /// A line that was not returned comes next time.
    pub(super) async fn line(&self) -> Option<String> {
        let lines = self.0.get_or_init(|| Mutex::new(start_reading()));
        lines.lock().await.recv().await
    }
}

fn start_reading() -> mpsc::Receiver<String> {
    let (typed, lines) = mpsc::channel(TYPED_AHEAD);
    let reading = std::thread::Builder::new().name("keyboard".to_owned());
    let reading = reading.spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if typed.blocking_send(line).is_err() {
                return;
            }
        }
    });
    if let Err(error) = reading {
        tracing::error!(%error, "the terminal cannot be read");
    }
    lines
}

/// Lines that wait to be read or forgotten.
const TYPED_AHEAD: usize = 16;
