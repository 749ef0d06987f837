//! A certificate authority that only the test trusts.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};

/// A certificate authority with one server certificate, as PEM files in a folder.
#[derive(Clone, Debug)]
pub struct Authority {
    /// The certificate of the authority, for those who shall trust it.
    pub ca: PathBuf,
    /// The certificate of the server.
    pub certificate: PathBuf,
    /// The private key of the server.
    pub key: PathBuf,
}

/// The authority could not be made or installed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorityError {
    /// A certificate could not be made.
    #[error("the test certificate could not be made")]
    Certificate(#[from] rcgen::Error),
    /// A file could not be written.
    #[error("the test certificate could not be written")]
    File(#[from] io::Error),
    /// `certutil` did not do it.
    #[error("certutil did not install the test authority: is the package libnss3-tools installed?")]
    Install,
}

impl Authority {
    /// Makes an authority and a server certificate for these domain names, and writes them into `folder`.
    ///
    /// # Errors
    /// [`AuthorityError`].
    pub fn create(folder: &Path, domains: &[String]) -> Result<Self, AuthorityError> {
        let mut ca = CertificateParams::new(Vec::new())?;
        ca.distinguished_name
            .push(DnType::CommonName, "Hawser interop tests");
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate()?)?;
        let mut server = CertificateParams::new(domains.to_vec())?;
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        // Browsers refuse server certificates that are valid for years, which is this library's default.
        (server.not_before, server.not_after) = a_few_days();
        let key = KeyPair::generate()?;
        let certificate = server.signed_by(&key, &ca)?;
        let files = Self {
            ca: folder.join("ca.pem"),
            certificate: folder.join("server.pem"),
            key: folder.join("server.key"),
        };
        fs::write(&files.ca, ca.pem())?;
        fs::write(&files.certificate, certificate.pem())?;
        fs::write(&files.key, key.serialize_pem())?;
        Ok(files)
    }

    /// Makes a Chromium whose home folder is `home` trust the authority.
    ///
    /// # Errors
    /// [`AuthorityError`].
    pub fn install(&self, home: &Path) -> Result<(), AuthorityError> {
        let database = home.join(".pki/nssdb");
        fs::create_dir_all(&database)?;
        let database = format!("sql:{}", database.display());
        let certutil = |arguments: &[&str]| {
            Command::new("certutil")
                .args(["-d", &database])
                .args(arguments)
                .stderr(Stdio::null())
                .status()
        };
        let ca = self.ca.display().to_string();
        let made = certutil(&["-N", "--empty-password"])?.success()
            && certutil(&["-A", "-t", "C,,", "-n", "hawser-interop", "-i", &ca])?.success();
        if made {
            Ok(())
        } else {
            Err(AuthorityError::Install)
        }
    }
}

fn a_few_days() -> (time::OffsetDateTime, time::OffsetDateTime) {
    let now = time::OffsetDateTime::now_utc();
    (now - time::Duration::days(1), now + time::Duration::days(7))
}
