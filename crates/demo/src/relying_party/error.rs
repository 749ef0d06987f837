//! Why a site cannot start, or an account not be added.

use std::io;
use std::net::SocketAddr;

use webauthn_rs::prelude::{Url, WebauthnError};

use super::MAX_PASSWORD;
use super::store::StoreError;

/// Why the site cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The address cannot be listened on.
    #[error("the site cannot listen on {address}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The origin has no host name, or is plain HTTP elsewhere than on this machine.
    #[error("{origin} cannot be the origin of a site with passkeys")]
    Origin {
        /// The origin.
        origin: Url,
        /// What webauthn-rs says.
        #[source]
        source: WebauthnError,
    },
    /// Passwords cannot be hashed.
    #[error("a password cannot be hashed")]
    Hash(#[source] argon2::password_hash::Error),
    /// There can be no counters.
    #[error("the site cannot count its limits")]
    Metrics(#[source] prometheus::Error),
    /// The records cannot be opened.
    #[error("the site has no records")]
    Store(#[source] StoreError),
}

/// Why an account cannot be added.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// There is one of this name.
    #[error("there is a user or an account of this name already")]
    NameTaken,
    /// There is no account of this name.
    #[error("there is no account of this name")]
    NoSuchAccount,
    /// The password is longer than [`MAX_PASSWORD`].
    #[error("a password has at most {MAX_PASSWORD} bytes")]
    PasswordTooLong,
    /// The password cannot be hashed.
    #[error("the password cannot be hashed")]
    Hash(#[source] argon2::password_hash::Error),
    /// The records cannot be written.
    #[error("the site's records cannot be written")]
    Records(#[source] Box<dyn std::error::Error + Send + Sync>),
}
