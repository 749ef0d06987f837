//! A certificate chain and its private key, read and checked.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::error::PairError;

/// A certificate chain and the private key that belongs to it.
#[derive(Debug, Clone)]
pub struct Pair(Arc<CertifiedKey>);

impl Pair {
    /// Reads a chain (the server's certificate first) and a key from PEM files. The key may be
    /// PKCS #8, PKCS #1 (RSA) or SEC 1 (EC); both may be in one file.
    ///
    /// # Errors
    /// [`PairError`], which names the file.
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Self, PairError> {
        Self::from_pem(&read(certificate)?, &read(key)?).map_err(|error| match error {
            PairError::NoCertificate { .. } => PairError::NoCertificate {
                place: certificate.display().to_string(),
            },
            PairError::NoKey { .. } => PairError::NoKey {
                place: key.display().to_string(),
            },
            other => other,
        })
    }

    /// Reads a chain (the server's certificate first) and a key from PEM texts.
    ///
    /// # Errors
    /// [`PairError`].
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, PairError> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(certificate)
            .collect::<Result<_, pem::Error>>()
            .map_err(PairError::Pem)?;
        if chain.is_empty() {
            return Err(PairError::NoCertificate {
                place: "the text".into(),
            });
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| match error {
            pem::Error::NoItemsFound => PairError::NoKey {
                place: "the text".into(),
            },
            other => PairError::Pem(other),
        })?;
        CertifiedKey::from_der(chain, key, &super::provider())
            .map(|key| Self(Arc::new(key)))
            .map_err(|error| match error {
                rustls::Error::InconsistentKeys(_) => PairError::Mismatch,
                other => PairError::Unusable(other),
            })
    }

    pub(super) fn into_key(self) -> Arc<CertifiedKey> {
        self.0
    }
}

fn read(path: &Path) -> Result<Vec<u8>, PairError> {
    std::fs::read(path).map_err(|source| PairError::File {
        path: path.display().to_string(),
        source,
    })
}
