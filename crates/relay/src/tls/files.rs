//! A certificate in files that are replaced from time to time.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::Notify;

use super::{Pair, PairError, Tls};
use crate::metrics::CertificateMetrics;
use crate::replaced::{ReplacedFiles, blocking};

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
        let paths = vec![self.certificate.clone(), self.key.clone()];
        let mut files = ReplacedFiles::new(paths, now).await;
        if self.are_shown(&tls).await {
            files.are_in_use();
        }
        loop {
            files.changed().await;
            self.reload(&tls, &metrics).await;
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
}
