//! Files that are replaced while the relay runs: what they hold counts as soon as it has stopped
//! changing.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;

/// Between two looks at the files. They are read each time: they are small, and neither a symlink that
/// is swapped (as Kubernetes does) nor a time stamp that was kept goes unnoticed.
const INTERVAL: Duration = Duration::from_secs(2);

/// Files that belong together, and what is known of them.
#[derive(Debug)]
pub(crate) struct ReplacedFiles {
    paths: Vec<PathBuf>,
    asked: Arc<Notify>,
    /// What the last look found: something that differs when the content of a file does, or whether it
    /// can be read.
    last: Option<u64>,
    /// What has been acted on.
    handled: Option<u64>,
}

impl ReplacedFiles {
    /// Takes a first look. `asked` is notified when somebody wants them to be read at once.
    pub(crate) async fn new(paths: Vec<PathBuf>, asked: Arc<Notify>) -> Self {
        Self {
            last: fingerprint(&paths).await,
            paths,
            asked,
            handled: None,
        }
    }

    /// What the first look found is in use already. They may have changed between the start, when they
    /// were read, and that look, which is for the caller to find out.
    pub(crate) fn are_in_use(&mut self) {
        self.handled = self.last;
    }

    /// Resolves when they have changed and settled, or at once when somebody asks.
    ///
    /// # Cancel safety
    /// Dropping the future has no effect.
    pub(crate) async fn changed(&mut self) {
        loop {
            let asked = tokio::select! {
                () = sleep(INTERVAL) => false,
                () = self.asked.notified() => true,
            };
            let found = fingerprint(&self.paths).await;
            // Two files do not change at once: what is new must look the same twice.
            let settled = found == self.last;
            self.last = found;
            if asked || (settled && found != self.handled) {
                self.handled = found;
                return;
            }
        }
    }
}

async fn fingerprint(paths: &[PathBuf]) -> Option<u64> {
    let paths = paths.to_owned();
    blocking(move || {
        let mut hasher = DefaultHasher::new();
        for path in &paths {
            std::fs::read(path).ok().hash(&mut hasher);
        }
        hasher.finish()
    })
    .await
}

/// Files may be slow, on a network or a dying disk. `None` when the runtime ends.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, timeout};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_has_changed_counts_when_it_looks_the_same_twice() {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<_> = ["a", "b"].map(|name| folder.path().join(name)).into();
        std::fs::write(&paths[0], "1").unwrap();
        let mut files = ReplacedFiles::new(paths.clone(), Arc::default()).await;
        files.are_in_use();
        let quiet = timeout(INTERVAL * 10, files.changed()).await;
        quiet.expect_err("nothing has changed");

        let start = Instant::now();
        std::fs::write(&paths[1], "2").unwrap();
        files.changed().await;
        assert_eq!(
            start.elapsed(),
            INTERVAL * 2,
            "one look finds it, one confirms it"
        );
        std::fs::remove_file(&paths[0]).unwrap();
        files.changed().await;
        let quiet = timeout(INTERVAL * 10, files.changed()).await;
        quiet.expect_err("a file that is missing is news once");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_asks_is_not_kept_waiting() {
        let asked = Arc::new(Notify::new());
        let mut files = ReplacedFiles::new(Vec::new(), Arc::clone(&asked)).await;
        files.are_in_use();
        let start = Instant::now();
        asked.notify_one();
        files.changed().await;
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_in_use_at_the_first_look_is_a_change() {
        let mut files = ReplacedFiles::new(Vec::new(), Arc::default()).await;
        let start = Instant::now();
        files.changed().await;
        assert_eq!(start.elapsed(), INTERVAL);
    }
}
