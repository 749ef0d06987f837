//! A certificate chain and its private key, read and checked.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::CertifiedKey;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

use super::error::PairError;

/// A certificate chain and the private key that belongs to it.
#[derive(Debug, Clone)]
pub struct Pair {
    key: Arc<CertifiedKey>,
    validity: Validity,
}

/// From when to when a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// First second of its time.
    pub from: SystemTime,
    /// Last second of its time.
    pub to: SystemTime,
}

impl Pair {
    /// Reads a chain (the server's certificate first) and a key from PEM files. The key may be
    /// PKCS #8, PKCS #1 (RSA) or SEC 1 (EC); both may be in one file.
    ///
    /// # Errors
    /// [`PairError`], which names the file.
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Self, PairError> {
        let place = |path: &Path| path.display().to_string();
        let texts = (read(certificate)?, read(key)?);
        Self::new(
            chain_in(&texts.0, &place(certificate))?,
            key_in(&texts.1, &place(key))?,
        )
    }

    /// Reads a chain (the server's certificate first) and a key from PEM texts.
    ///
    /// # Errors
    /// [`PairError`].
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, PairError> {
        Self::new(
            chain_in(certificate, "the certificate's text")?,
            key_in(key, "the key's text")?,
        )
    }

    fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, PairError> {
        let key = CertifiedKey::from_der(chain, key, &super::provider());
        let key = key.map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => PairError::Mismatch,
            other => PairError::Unusable(other),
        })?;
        let validity = Validity::of(&key)?;
        Ok(Self {
            key: Arc::new(key),
            validity,
        })
    }

    /// When it is valid.
    #[must_use]
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    /// Checks that clients that ask for `host` take the certificate, as far as its names go.
    ///
    /// # Errors
    /// [`PairError::OtherHost`].
    pub fn check_host(&self, host: &str) -> Result<(), PairError> {
        let certificate = webpki_certificate(&self.key)?;
        let fits = ServerName::try_from(host)
            .is_ok_and(|name| certificate.verify_is_valid_for_subject_name(&name).is_ok());
        if fits {
            return Ok(());
        }
        let names: Vec<_> = certificate.valid_dns_names().collect();
        Err(PairError::OtherHost {
            host: host.to_owned(),
            names: if names.is_empty() {
                "no name at all".to_owned()
            } else {
                names.join(", ")
            },
        })
    }

    /// Whether it has the same chain as another.
    pub(super) fn is_of(&self, key: &CertifiedKey) -> bool {
        self.key.cert == key.cert
    }

    pub(super) fn into_key(self) -> Arc<CertifiedKey> {
        self.key
    }
}

fn webpki_certificate(key: &CertifiedKey) -> Result<webpki::EndEntityCert<'_>, PairError> {
    let der = key.end_entity_cert().map_err(PairError::Unusable)?;
    webpki::EndEntityCert::try_from(der).map_err(|_| unreadable())
}

fn unreadable() -> PairError {
    PairError::Unusable(rustls::CertificateError::BadEncoding.into())
}

impl Validity {
    fn of(key: &CertifiedKey) -> Result<Self, PairError> {
        let der = key.end_entity_cert().map_err(PairError::Unusable)?;
        let (_, certificate) = X509Certificate::from_der(der).map_err(|_| unreadable())?;
        let time = |seconds: i64| {
            // Certificates from before 1970 are as good as from 1970.
            let seconds = u64::try_from(seconds).unwrap_or_default();
            SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
        };
        let validity = certificate.validity();
        Ok(Self {
            from: time(validity.not_before.timestamp()),
            to: time(validity.not_after.timestamp()),
        })
    }

    /// Checks that a moment lies within.
    ///
    /// # Errors
    /// [`PairError::NotNow`].
    pub fn check(&self, now: SystemTime) -> Result<(), PairError> {
        if (self.from..=self.to).contains(&now) {
            return Ok(());
        }
        let text = |time| humantime::format_rfc3339_seconds(time).to_string();
        Err(PairError::NotNow {
            from: text(self.from),
            to: text(self.to),
            now: text(now),
        })
    }
}

/// `place` is where the text comes from, for errors.
fn chain_in(text: &[u8], place: &str) -> Result<Vec<CertificateDer<'static>>, PairError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(text)
        .collect::<Result<_, pem::Error>>()
        .map_err(|source| malformed(place, source))?;
    if chain.is_empty() {
        return Err(PairError::NoCertificate {
            place: place.to_owned(),
        });
    }
    Ok(chain)
}

fn key_in(text: &[u8], place: &str) -> Result<PrivateKeyDer<'static>, PairError> {
    PrivateKeyDer::from_pem_slice(text).map_err(|error| match error {
        pem::Error::NoItemsFound => PairError::NoKey {
            place: place.to_owned(),
        },
        other => malformed(place, other),
    })
}

fn malformed(place: &str, source: pem::Error) -> PairError {
    PairError::Pem {
        place: place.to_owned(),
        source,
    }
}

fn read(path: &Path) -> Result<Vec<u8>, PairError> {
    std::fs::read(path).map_err(|source| PairError::File {
        path: path.display().to_string(),
        source,
    })
}
