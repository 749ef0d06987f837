//! A certificate in files that are replaced from time to time.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;
use tokio::time::sleep;

use super::{Pair, PairError, Tls};
use crate::metrics::CertificateMetrics;

/// Between two looks at the files. The files are read each time: they are small, and neither a
/// symlink that is swapped (as Kubernetes does) nor a time stamp that was kept goes unnoticed.
const INTERVAL: Duration = Duration::from_secs(2);

/// Where a certificate and its key are.
#[derive(Debug, Clone)]
pub struct Files {
    /// The chain, in PEM.
    pub certificate: PathBuf,
    /// The private key, in PEM.
    pub key: PathBuf,
    /// The host that the certificate has to fit.
    pub host: Option<String>,
}

impl Files {
    /// Reads both and checks that they fit each other and the host.
    ///
    /// # Errors
    /// [`PairError`].
    pub fn load(&self) -> Result<Pair, PairError> {
        let pair = Pair::from_files(&self.certificate, &self.key)?;
        if let Some(host) = &self.host {
            pair.check_host(host)?;
        }
        Ok(pair)
    }

    /// Looks after the files for ever: shows what they hold as soon as both have settled, or at
    /// once when `now` is notified. A pair that cannot be used is kept out, and the old one stays.
    ///
    /// # Cancel safety
    /// Dropping the future ends it without further effect.
    pub async fn watch(self, tls: Tls, metrics: CertificateMetrics, now: Arc<Notify>) {
        let mut last = self.fingerprint().await;
        // They may have changed between the start, when they were read, and now.
        let mut handled = if self.are_shown(&tls).await {
            last
        } else {
            None
        };
        loop {
            let asked = tokio::select! {
                () = sleep(INTERVAL) => false,
                () = now.notified() => true,
            };
            let found = self.fingerprint().await;
            // Two files do not change at once: what is new must look the same twice.
            let settled = found == last;
            last = found;
            if asked || (settled && found != handled) {
                handled = found;
                self.reload(&tls, &metrics).await;
            }
        }
    }

    async fn reload(&self, tls: &Tls, metrics: &CertificateMetrics) {
        let files = self.clone();
        let loaded = blocking(move || {
            let pair = files.load()?;
            pair.validity().check(SystemTime::now())?;
            Ok::<_, PairError>(pair)
        });
        match loaded.await {
            Some(Ok(pair)) => {
                let validity = pair.validity();
                tls.replace(pair);
                metrics.reloaded(validity);
                let until = humantime::format_rfc3339_seconds(validity.to);
                tracing::info!(%until, "the certificate was read again");
            }
            Some(Err(error)) => {
                metrics.refused();
                tracing::error!(%error, "the new certificate cannot be used; the old one stays");
            }
            None => {}
        }
    }

    /// Whether the certificate that is shown is the one in the files.
    async fn are_shown(&self, tls: &Tls) -> bool {
        let files = self.clone();
        let loaded = blocking(move || files.load()).await;
        matches!(loaded, Some(Ok(pair)) if tls.shows(&pair))
    }

    /// Something that differs when the content of either file does, or whether it can be read.
    async fn fingerprint(&self) -> Option<u64> {
        let files = self.clone();
        blocking(move || {
            let mut hasher = DefaultHasher::new();
            for path in [&files.certificate, &files.key] {
                read(path).hash(&mut hasher);
            }
            hasher.finish()
        })
        .await
    }
}

fn read(path: &Path) -> Option<Vec<u8>> {
    std::fs::read(path).ok()
}

/// Files may be slow, on a network or a dying disk. `None` when the runtime ends.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}
