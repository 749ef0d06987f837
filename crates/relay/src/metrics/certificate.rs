//! What is counted about the certificate.

use std::time::SystemTime;

use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, Registry};

use crate::tls::Validity;

/// The certificate's end, and how often another one was tried.
#[derive(Debug, Clone)]
pub struct CertificateMetrics {
    expiry: IntGauge,
    reloads: IntCounterVec,
    done: IntCounter,
    refused: IntCounter,
}

impl CertificateMetrics {
    /// For a certificate that is shown already.
    ///
    /// # Errors
    /// Only when a name is malformed, which a test excludes.
    pub fn new(validity: Validity) -> Result<Self, prometheus::Error> {
        let reloads = IntCounterVec::new(
            Opts::new(
                "hawser_relay_tls_reloads_total",
                "Times that the certificate was read again, by result: a refused one is kept out.",
            ),
            &["result"],
        )?;
        let metrics = Self {
            expiry: IntGauge::new(
                "hawser_relay_tls_certificate_expiry_timestamp_seconds",
                "When the certificate ends, in seconds since 1970.",
            )?,
            done: reloads.with_label_values(&["done"]),
            refused: reloads.with_label_values(&["refused"]),
            reloads,
        };
        metrics.show(validity);
        Ok(metrics)
    }

    /// Makes them part of a registry.
    ///
    /// # Errors
    /// When the registry has metrics of these names.
    pub fn register(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        registry.register(Box::new(self.expiry.clone()))?;
        registry.register(Box::new(self.reloads.clone()))
    }

    pub(crate) fn reloaded(&self, validity: Validity) {
        self.done.inc();
        self.show(validity);
    }

    pub(crate) fn refused(&self) {
        self.refused.inc();
    }

    fn show(&self, validity: Validity) {
        let seconds = validity
            .to
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        self.expiry.set(i64::try_from(seconds).unwrap_or(i64::MAX));
    }
}
