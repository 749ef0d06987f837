//! The keys between instances, in a file that is replaced from time to time.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;

use super::Relay;
use crate::peer::Keys;

/// Between two looks at the file. It is read each time, as the certificate's are: a symlink that is
/// swapped, as Kubernetes does, is noticed too.
const INTERVAL: Duration = Duration::from_secs(2);

impl Relay {
    /// Takes the keys of other instances from their file for ever: as soon as it has changed and
    /// settled, or at once when `now` is notified. Keys that cannot be used are kept out, and the old
    /// ones stay.
    ///
    /// # Cancel safety
    /// Dropping the future ends it without further effect.
    pub async fn watch_peer_keys(self, path: PathBuf, now: Arc<Notify>) {
        let Some(peers) = &self.shared.peers else {
            return;
        };
        let metrics = &self.shared.metrics.peers;
        let mut last = fingerprint(&path).await;
        // It may have changed between the start, when it was read, and now.
        let mut handled = None;
        loop {
            if last.is_some() && last != handled {
                let is_first = handled.is_none();
                handled = last;
                let path = path.clone();
                match blocking(move || Keys::from_file(&path)).await {
                    Some(Ok(keys)) => {
                        peers.replace_keys(keys);
                        if !is_first {
                            metrics.keys_read.inc();
                            tracing::info!("the keys between instances were read again");
                        }
                    }
                    Some(Err(error)) => {
                        metrics.keys_refused.inc();
                        tracing::error!(%error, "the new keys between instances cannot be used; the old ones stay");
                    }
                    None => return,
                }
            }
            last = settled(&path, &now, last).await;
        }
    }
}

/// What the file holds once it has changed and looks the same twice, or at once when somebody asks.
async fn settled(path: &Path, now: &Notify, mut last: Option<u64>) -> Option<u64> {
    loop {
        let asked = tokio::select! {
            () = sleep(INTERVAL) => false,
            () = now.notified() => true,
        };
        let found = fingerprint(path).await;
        if asked || found == last {
            return found;
        }
        last = found;
    }
}

/// Something that differs when the content does, or whether it can be read.
async fn fingerprint(path: &Path) -> Option<u64> {
    let path = path.to_owned();
    blocking(move || {
        let mut hasher = DefaultHasher::new();
        std::fs::read(path).ok().hash(&mut hasher);
        hasher.finish()
    })
    .await
}

/// Files may be slow. `None` when the runtime ends.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}
