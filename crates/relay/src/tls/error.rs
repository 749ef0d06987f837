//! What is wrong with a certificate, or went wrong in a handshake.

use std::io;

use rustls::pki_types::pem;

/// Why a certificate and a key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PairError {
    /// A file cannot be read.
    #[error("cannot read {path}: {source}")]
    File {
        /// The file.
        path: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// Something that begins like PEM and is none.
    #[error("{place} has malformed PEM: {source}; write the file anew, whole")]
    Pem {
        /// The file.
        place: String,
        /// What the parser said.
        source: pem::Error,
    },
    /// There is no certificate.
    #[error("{place} has no PEM certificate (-----BEGIN CERTIFICATE-----)")]
    NoCertificate {
        /// The file.
        place: String,
    },
    /// There is no private key.
    #[error(
        "{place} has no PEM private key (-----BEGIN PRIVATE KEY-----; one with a password cannot be used)"
    )]
    NoKey {
        /// The file.
        place: String,
    },
    /// They belong to different pairs.
    #[error(
        "the private key does not belong to the first certificate of the chain; give the key that the \
         server's certificate was made for, and put that certificate before all others"
    )]
    Mismatch,
    /// A kind of key or certificate that the TLS library does not take.
    #[error("the certificate or its key cannot be used: {0}")]
    Unusable(#[source] rustls::Error),
    /// Clients that ask for this host would refuse the certificate.
    #[error(
        "the certificate is not for {host}, the host of the tunnel domain, but for {names}; get one \
         for {host}, or correct domain-id"
    )]
    OtherHost {
        /// The host.
        host: String,
        /// For which names it is, with commas between.
        names: String,
    },
    /// The certificate is no longer or not yet valid, by this machine's clock.
    #[error(
        "the certificate is valid from {from} to {to}, and it is {now}; renew it, or set the clock"
    )]
    NotNow {
        /// First second of its time.
        from: String,
        /// Last second of its time.
        to: String,
        /// This moment.
        now: String,
    },
    /// The TLS library refuses its own defaults.
    #[error("cannot set up TLS: {0}")]
    Provider(#[source] rustls::Error),
}

/// Why a TLS handshake failed: the labels of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HandshakeFailure {
    /// It did not finish in time.
    TimedOut,
    /// The client hung up.
    Lost,
    /// The client sent something that is not TLS.
    NotTls,
    /// No version, cipher or application protocol in common.
    NothingInCommon,
    /// The client sent an alert: mostly, it does not trust the certificate.
    Alert,
    /// The client broke a rule of TLS.
    Violation,
}

impl HandshakeFailure {
    /// Every failure, for metrics.
    pub const ALL: [Self; 6] = [
        Self::TimedOut,
        Self::Lost,
        Self::NotTls,
        Self::NothingInCommon,
        Self::Alert,
        Self::Violation,
    ];

    /// The label in metrics and logs.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::TimedOut => "timed_out",
            Self::Lost => "lost",
            Self::NotTls => "not_tls",
            Self::NothingInCommon => "nothing_in_common",
            Self::Alert => "alert",
            Self::Violation => "violation",
        }
    }
}

impl From<&io::Error> for HandshakeFailure {
    fn from(error: &io::Error) -> Self {
        let cause = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match cause {
            None => Self::Lost,
            Some(rustls::Error::InvalidMessage(_)) => Self::NotTls,
            Some(rustls::Error::PeerIncompatible(_) | rustls::Error::NoApplicationProtocol) => {
                Self::NothingInCommon
            }
            Some(rustls::Error::AlertReceived(_)) => Self::Alert,
            Some(_) => Self::Violation,
        }
    }
}
