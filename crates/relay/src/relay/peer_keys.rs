//! The keys between instances, in a file that is replaced from time to time.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Notify;

use super::Relay;
use crate::peer::Keys;
use crate::replaced::{ReplacedFiles, blocking};

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
        let load = || {
            let path = path.clone();
            blocking(move || Keys::from_file(&path))
        };
        let metrics = &self.shared.metrics.peers;
        let mut file = ReplacedFiles::new(vec![path.clone()], now).await;
        if matches!(load().await, Some(Ok(keys)) if peers.has(&keys)) {
            file.are_in_use();
        }
        loop {
            file.changed().await;
            match load().await {
                Some(Ok(keys)) => {
                    peers.replace_keys(keys);
                    metrics.keys_reloaded();
                    tracing::info!("the keys between instances were read again");
                }
                Some(Err(error)) => {
                    metrics.keys_refused();
                    tracing::error!(%error, "the new keys between instances cannot be used; the old ones stay");
                }
                None => return,
            }
        }
    }
}
