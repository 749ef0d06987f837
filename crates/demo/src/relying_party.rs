//! A relying party: a site where one signs in with a password and then with a passkey.
//!
//! WebAuthn is webauthn-rs, passwords are Argon2id, records are SQLite in memory or in a file. There
//! are an organisation of accounts with their users, MFA devices, an [enforcement policy](policy)
//! with its roll-out, and an audit trail. This module is the part of the demo that a real console
//! could start from; the pages stand on it in [`console`](crate::console).
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
//! | `POST /register/begin` | none, or `{"name"}` | `PublicKeyCredentialCreationOptions` under `publicKey` |
//! | `POST /register/finish` | `RegistrationResponseJSON` | [`Standing`] |
//! | `POST /sign-in/begin` | | `PublicKeyCredentialRequestOptions` under `publicKey` |
//! | `POST /sign-in/finish` | `AuthenticationResponseJSON` | a new session cookie and [`Standing`] |
//! | `GET /me` | | [`Standing`] |
//! | `POST /sign-out` | | 204 |
//!
//! Every refusal is a 4xx with `{"error", "message"}`: a code for programs and a sentence for
//! people. What the site holds to:
//!
//! - A wrong password and a user who does not exist cost one Argon2id each and look the same. After
//!   [`MAX_GUESSES`] wrong ones in a row a name is locked out for [`LOCK_OUT`], existing or not.
//! - A passkey signs in only after the password, in the same session. Once an account has a passkey,
//!   the password alone neither lets in nor changes the devices.
//! - A challenge belongs to one session, is good for one answer, right or wrong, and for
//!   [`CHALLENGE_LIFE`].
//! - The user must be verified by the phone; origin and relying party id are checked; a signature
//!   counter never goes back; backup eligibility never changes; a passkey belongs to one account.
//! - The session's cookie changes at each step up, so that one planted before is worth nothing.
//! - With the first passkey, sessions that the password alone let in lose what it gave them. With a
//!   passkey's end, the user's other sessions end: one of them may be of whoever has the phone.
//! - Whoever administrates has shown a passkey in this session, if they have one.

mod audit;
mod challenges;
mod clock;
pub(crate) mod cookies;
mod device_name;
mod error;
pub(crate) mod limits;
mod notes;
mod passwords;
pub mod policy;
pub(crate) mod refusal;
pub(crate) mod routes;
pub(crate) mod site;
pub(crate) mod store;
mod throttle;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use webauthn_rs::prelude::Url;

pub use audit::{AuditEntry, AuditEvent};
pub use clock::Clock;
pub use device_name::{DeviceNameError, MAX_DEVICE_NAME};
pub use error::{AccountError, SetupError};
pub use notes::{MAX_NOTES, NOTE_WINDOW};
pub use store::{StoreError, StorePlace};
pub use throttle::{MAX_CLIENTS, MAX_TRIES_PER_CLIENT, THROTTLE_WINDOW};

use site::Site;

/// The host of the demo's origin, and so its relying party id: passkeys are bound to it.
pub const RP_ID: &str = "localhost";
/// The name that a phone shows.
pub const RP_NAME: &str = "Hawser demo";

/// How long a challenge waits for its answer: scanning a code and finding a phone takes a while.
pub const CHALLENGE_LIFE: Duration = Duration::from_mins(5);
/// How long a session lasts, from the password or the passkey on.
pub const SESSION_LIFE: Duration = Duration::from_hours(1);
/// Most sessions at a time.
pub const MAX_SESSIONS: usize = 10_000;
/// Most sessions of one user: whoever knows one password cannot take the places of everybody. The
/// oldest make room, those first that showed no passkey.
pub const MAX_SESSIONS_OF_USER: usize = 32;
/// Most passkeys of a user.
pub const MAX_DEVICES: usize = 8;
/// Longest credential id, in bytes (WebAuthn Level 3 §5.8.3).
pub const MAX_CREDENTIAL_ID: usize = 1023;
/// How long somebody may put registration off after their first sign-in under a grace period.
pub const GRACE_PERIOD: Duration = Duration::from_hours(35 * 24);
/// Wrong passwords in a row after which a name is locked out. A person mistypes three or four times.
pub const MAX_GUESSES: u32 = 10;
/// How long a name stays locked out: short for a person, and 40 guesses an hour for a program.
pub const LOCK_OUT: Duration = Duration::from_mins(15);
/// Most names whose wrong passwords are counted; the oldest counts make room.
pub const MAX_GUESSED_NAMES: i64 = 10_000;
/// Most entries of the audit trail; the oldest make room.
pub const MAX_AUDIT_ENTRIES: i64 = 100_000;
/// Longest password, in bytes.
pub const MAX_PASSWORD: usize = 1024;
/// Largest request body, in bytes. A registration with attestation has a few thousand.
pub const MAX_BODY: usize = 64 * 1024;

/// The site. Cheap to clone; clones share their accounts and sessions.
#[derive(Clone)]
pub struct RelyingParty(Arc<Site>);

/// What a site is set up with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The origin of the site's pages. Its host is the relying party id, its port counts, and with
    /// `https` cookies are `Secure`.
    pub origin: Url,
    /// Where the records are kept.
    pub store: StorePlace,
    /// What time it is.
    pub clock: Clock,
}

/// What an account is in its organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccountKind {
    /// The account that manages the organisation.
    Management,
    /// Any other.
    Member,
}

/// What a user is in an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UserKind {
    /// The account's owner, who may do everything in it.
    Root,
    /// Somebody whom the account's owner lets in.
    User,
}

/// A user to be added.
#[derive(Clone)]
pub struct NewUser<'a> {
    /// The account, which must exist.
    pub account: &'a str,
    /// The name to sign in with; no two users of the site share one.
    pub name: &'a str,
    /// The person's name.
    pub display_name: &'a str,
    /// The password, of [`MAX_PASSWORD`] bytes at most.
    pub password: &'a str,
    /// What the user is in the account.
    pub kind: UserKind,
    /// Whether the user may change the policy and reset others.
    pub administrator: bool,
}

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

impl RelyingParty {
    /// A site without accounts, in memory, at this origin.
    ///
    /// # Errors
    /// [`SetupError::Origin`] when the origin has no host name.
    pub fn new(origin: &Url, clock: Clock) -> Result<Self, SetupError> {
        Self::open(Options {
            origin: origin.clone(),
            store: StorePlace::Memory,
            clock,
        })
    }

    /// A site with the accounts of its records.
    ///
    /// # Errors
    /// See [`SetupError`].
    pub fn open(options: Options) -> Result<Self, SetupError> {
        Site::new(options).map(|site| Self(Arc::new(site)))
    }

    /// A site in memory that listens on an address; port 0 chooses a free one. Its origin is
    /// `http://localhost` with the port that it got.
    ///
    /// # Errors
    /// [`SetupError::Listen`] when the address is taken.
    pub async fn bind(
        address: SocketAddr,
        clock: Clock,
    ) -> Result<(Self, TcpListener), SetupError> {
        let (listener, origin) = listen(address).await?;
        Ok((Self::new(&origin, clock)?, listener))
    }

    /// Adds an account to the organisation.
    ///
    /// # Errors
    /// See [`AccountError`].
    pub fn add_account(&self, name: &str, kind: AccountKind) -> Result<(), AccountError> {
        self.0.add_account(name, kind)
    }

    /// Adds a user. Takes as long as one password hash, some tens of milliseconds.
    ///
    /// # Errors
    /// See [`AccountError`].
    pub fn add_user(&self, user: &NewUser<'_>) -> Result<(), AccountError> {
        self.0.add_user(user)
    }

    /// The origin that passkeys must answer for.
    #[must_use]
    pub fn origin(&self) -> &Url {
        self.0.origin()
    }

    /// The routes of the JSON interface, for a server of one's own and for tests.
    pub fn router(&self) -> Router {
        routes::router(Arc::clone(&self.0))
    }

    /// Serves the JSON interface until `shutdown` is done and the requests under way are answered.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let service = self
            .router()
            .into_make_service_with_connect_info::<SocketAddr>();
        axum::serve(listener, service)
            .with_graceful_shutdown(shutdown)
            .await
    }

    pub(crate) fn site(&self) -> &Arc<Site> {
        &self.0
    }
}

/// Listens, and says at which origin browsers of this machine find it.
pub(crate) async fn listen(address: SocketAddr) -> Result<(TcpListener, Url), SetupError> {
    let failed = |source| SetupError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    let origin = format!("http://{RP_ID}:{port}");
    let origin = Url::parse(&origin).map_err(|e| failed(io::Error::other(e)))?;
    Ok((listener, origin))
}
