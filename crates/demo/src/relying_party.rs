//! A relying party: a site where one signs in with a password and then with a passkey.
//!
//! WebAuthn is webauthn-rs, passwords are Argon2id, and everything is kept in memory.
//!
//! ```text
//!  POST /password ──▶ password accepted ──▶ POST /sign-in/begin, /sign-in/finish ──▶ signed in
//!                            │
//!                            └─ no passkey yet: POST /register/begin, /register/finish
//! ```
//!
//! | request | body | answer |
//! |---|---|---|
//! | `POST /password` | `{"user", "password"}` | a session cookie and [`Standing`] |
//! | `POST /register/begin` | | `PublicKeyCredentialCreationOptions` under `publicKey` |
//! | `POST /register/finish` | `RegistrationResponseJSON` | [`Standing`] |
//! | `POST /sign-in/begin` | | `PublicKeyCredentialRequestOptions` under `publicKey` |
//! | `POST /sign-in/finish` | `AuthenticationResponseJSON` | a new session cookie and [`Standing`] |
//! | `GET /me` | | [`Standing`] |
//! | `POST /sign-out` | | 204 |
//!
//! Every refusal is a 4xx with `{"error", "message"}`: a code for programs and a sentence for
//! people. What the site holds to:
//!
//! - A wrong password and a user who does not exist cost one Argon2id each and look the same.
//! - A passkey signs in only after the password, in the same session. Once an account has a passkey,
//!   the password alone no longer adds another.
//! - A challenge belongs to one session, is good for one answer, right or wrong, and for
//!   [`CHALLENGE_LIFE`].
//! - The user must be verified by the phone; origin and relying party id are checked; a signature
//!   counter never goes back; a passkey belongs to one account.
//! - The session's cookie changes at each step up, so that one planted before is worth nothing.

mod accounts;
mod clock;
mod passwords;
mod refusal;
mod routes;
mod sessions;
mod site;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use webauthn_rs::prelude::{Url, WebauthnError};

pub use clock::Clock;

use site::Site;

/// The relying party id: passkeys of the demo are bound to this host name.
pub const RP_ID: &str = "localhost";
/// The name that a phone shows.
pub const RP_NAME: &str = "Hawser demo";

/// How long a challenge waits for its answer: scanning a code and finding a phone takes a while.
pub const CHALLENGE_LIFE: Duration = Duration::from_mins(5);
/// How long a session lasts, from the password or the passkey on.
pub const SESSION_LIFE: Duration = Duration::from_hours(1);
/// Most sessions at a time.
pub const MAX_SESSIONS: usize = 10_000;
/// Most passkeys of an account.
pub const MAX_PASSKEYS: usize = 8;
/// Longest password, in bytes.
pub const MAX_PASSWORD: usize = 1024;
/// Largest request body, in bytes. A registration with attestation has a few thousand.
pub const MAX_BODY: usize = 64 * 1024;

/// The site. Cheap to clone; clones share their accounts and sessions.
#[derive(Clone)]
pub struct RelyingParty(Arc<Site>);

/// Where somebody stands with the site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The user's name.
    pub user: String,
    /// How many passkeys the account has.
    pub passkeys: usize,
    /// Whether a passkey was verified after the password.
    pub signed_in: bool,
}

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
    /// The origin's host is not [`RP_ID`] or below it.
    #[error("{origin} cannot be the origin of a site whose relying party id is {RP_ID}")]
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
}

/// Why an account cannot be added.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// There is one of this name.
    #[error("there is a user of this name already")]
    NameTaken,
    /// The password is longer than [`MAX_PASSWORD`].
    #[error("a password has at most {MAX_PASSWORD} bytes")]
    PasswordTooLong,
    /// The password cannot be hashed.
    #[error("the password cannot be hashed")]
    Hash(#[source] argon2::password_hash::Error),
}

impl RelyingParty {
    /// A site without accounts, at this origin. Its port counts: an answer for another is refused.
    ///
    /// # Errors
    /// [`SetupError::Origin`] when the origin is not that of [`RP_ID`].
    pub fn new(origin: &Url, clock: Clock) -> Result<Self, SetupError> {
        Site::new(origin, clock).map(|site| Self(Arc::new(site)))
    }

    /// A site that listens on an address; port 0 chooses a free one. Its origin is
    /// `http://localhost` with the port that it got.
    ///
    /// # Errors
    /// [`SetupError::Listen`] when the address is taken.
    pub async fn bind(
        address: SocketAddr,
        clock: Clock,
    ) -> Result<(Self, TcpListener), SetupError> {
        let failed = |source| SetupError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let origin = format!("http://{RP_ID}:{port}");
        let origin = Url::parse(&origin).map_err(|e| failed(io::Error::other(e)))?;
        Ok((Self::new(&origin, clock)?, listener))
    }

    /// Adds an account. Takes as long as one password hash, some tens of milliseconds.
    ///
    /// # Errors
    /// See [`AccountError`].
    pub fn add_account(
        &self,
        name: &str,
        display_name: &str,
        password: &str,
    ) -> Result<(), AccountError> {
        self.0.add_account(name, display_name, password)
    }

    /// The origin that passkeys must answer for.
    #[must_use]
    pub fn origin(&self) -> &Url {
        self.0.origin()
    }

    /// The site's routes, for a server of one's own and for tests.
    pub fn router(&self) -> Router {
        routes::router(Arc::clone(&self.0))
    }

    /// Serves until `shutdown` is done and the requests under way are answered.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        axum::serve(listener, self.router())
            .with_graceful_shutdown(shutdown)
            .await
    }
}
