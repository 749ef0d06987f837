//! What is counted about the certificate.

use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, Registry};

use super::seconds_since_1970;
use crate::tls::Validity;

/// The certificate's end, and how often another one was tried.
#[derive(Debug, Clone)]
pub struct CertificateMetrics {
    expiry: IntGauge,
    reloads: IntCounterVec,
    done: IntCounter,
    refused: IntCounter,
    /// Whether the files hold what is shown.
    is_current: IntGauge,
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
            is_current: IntGauge::new(
                "hawser_relay_tls_last_reload_successful",
                "1 unless the files hold a certificate that was refused, so that an older one is shown.",
            )?,
            reloads,
        };
        metrics.is_current.set(1);
        metrics.show(validity);
        Ok(metrics)
    }

    /// Makes them part of a registry.
    ///
    /// # Errors
    /// When the registry has metrics of these names.
    pub fn register(&self, registry: &Registry) -> Result<(), prometheus::Error> {
        registry.register(Box::new(self.expiry.clone()))?;
        registry.register(Box::new(self.is_current.clone()))?;
        registry.register(Box::new(self.reloads.clone()))
    }

    pub(crate) fn reloaded(&self, validity: Validity) {
        self.done.inc();
        self.is_current.set(1);
        self.show(validity);
    }

    pub(crate) fn refused(&self) {
        self.refused.inc();
        self.is_current.set(0);
    }

    fn show(&self, validity: Validity) {
        self.expiry.set(seconds_since_1970(validity.to));
    }
}
