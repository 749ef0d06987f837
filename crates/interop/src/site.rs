//! The relying party that the browser signs in to: `http://localhost:PORT`, a secure context in every browser.

use std::time::Duration;

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;
use url::Url;
use webauthn_rs_core::WebauthnCore;
use webauthn_rs_core::error::WebauthnError;
pub use webauthn_rs_core::proto::CredentialID;
pub use webauthn_rs_core::proto::UserVerificationPolicy;
use webauthn_rs_core::proto::{
    AuthenticationState, Credential, PublicKeyCredential, RegisterPublicKeyCredential,
    RegistrationState,
};

/// A site with accounts. webauthn-rs checks what the browser brings; the site keeps the credentials.
///
/// The page only carries messages: the test asks the site for options, gives them to the page, and brings back what the
/// browser answered. So a test sees each of the three.
#[derive(Debug)]
pub struct Site {
    url: String,
    webauthn: WebauthnCore,
    accounts: Vec<Account>,
    _server: AbortOnDropHandle<()>,
}

/// A registered passkey.
#[derive(Clone, Debug)]
pub struct Account {
    /// The user name.
    pub name: String,
    /// Its credential id.
    pub id: CredentialID,
    /// Whether the phone verified its user when the passkey was made.
    pub user_verified: bool,
    credential: Credential,
}

/// What the site wants of a new passkey.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The user name. Also the user handle.
    pub account: String,
    /// Whether the phone must verify its user.
    pub user_verification: UserVerificationPolicy,
    /// Passkeys that the phone must not have yet.
    pub exclude: Vec<CredentialID>,
}

/// Options for the page, and what the site must remember until the page comes back.
#[derive(Debug)]
pub struct Pending<State> {
    /// JSON for `PublicKeyCredential.parse…OptionsFromJSON`.
    pub options: Value,
    state: State,
    account: String,
}

/// Somebody has signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// Who.
    pub account: String,
    /// Whether the phone verified its user this time.
    pub user_verified: bool,
}

/// The site does not accept what came back, or could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SiteError {
    /// No port, or no address for it.
    #[error("the site could not be started")]
    Start(#[from] std::io::Error),
    /// The address is no URL; a defect of the rig.
    #[error("the site has no usable address")]
    Address(#[from] url::ParseError),
    /// Not what a browser sends.
    #[error("the page sent something that is no credential")]
    Shape(#[from] serde_json::Error),
    /// The check failed.
    #[error("the site refuses the credential")]
    Refused(#[source] WebauthnError),
    /// A passkey that nobody registered.
    #[error("the site does not know this passkey")]
    Unknown,
    /// The user handle belongs to another account.
    #[error("the passkey names another account")]
    OtherAccount,
}

impl Site {
    /// Starts the site on a port of its own.
    ///
    /// # Errors
    /// [`SiteError`].
    pub async fn start() -> Result<Self, SiteError> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://localhost:{}/", listener.local_addr()?.port());
        let pages = Router::new().route("/", get(async || Html(PAGE)));
        let server = tokio::spawn(async move {
            // It serves until the task is aborted.
            let _ = axum::serve(listener, pages).await;
        });
        let webauthn = WebauthnCore::new_unsafe_experts_only(
            "Interop",
            "localhost",
            vec![Url::parse(&url)?],
            Duration::from_mins(2),
            Some(false),
            Some(false),
        );
        Ok(Self {
            url,
            webauthn,
            accounts: Vec::new(),
            _server: AbortOnDropHandle::new(server),
        })
    }

    /// The page.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// All passkeys, oldest first.
    #[must_use]
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// Options for `navigator.credentials.create()`.
    ///
    /// # Errors
    /// [`SiteError`].
    pub fn register(&self, wanted: &Registration) -> Result<Pending<RegistrationState>, SiteError> {
        let (handle, name) = (wanted.account.as_bytes(), wanted.account.as_str());
        let builder = self
            .webauthn
            .new_challenge_register_builder(handle, name, name)
            .map_err(SiteError::Refused)?
            .user_verification_policy(wanted.user_verification)
            .require_resident_key(true)
            .exclude_credentials(Some(wanted.exclude.clone()));
        let (options, state) = self
            .webauthn
            .generate_challenge_register(builder)
            .map_err(SiteError::Refused)?;
        let options = serde_json::to_value(options.public_key)?;
        Ok(Pending {
            options,
            state,
            account: wanted.account.clone(),
        })
    }

    /// Checks what `create()` returned and keeps the passkey.
    ///
    /// # Errors
    /// [`SiteError`].
    pub fn registered(
        &mut self,
        pending: Pending<RegistrationState>,
        credential: Value,
    ) -> Result<Account, SiteError> {
        let credential: RegisterPublicKeyCredential = serde_json::from_value(credential)?;
        let credential = self
            .webauthn
            .register_credential(&credential, &pending.state, None)
            .map_err(SiteError::Refused)?;
        let account = Account {
            name: pending.account,
            id: credential.cred_id.clone(),
            user_verified: credential.user_verified,
            credential,
        };
        self.accounts.push(account.clone());
        Ok(account)
    }

    /// Options for `navigator.credentials.get()`. With no account named, any passkey will do.
    ///
    /// # Errors
    /// [`SiteError`].
    pub fn sign_in(
        &self,
        allowed: &[&Account],
        user_verification: UserVerificationPolicy,
    ) -> Result<Pending<AuthenticationState>, SiteError> {
        let credentials = allowed
            .iter()
            .map(|account| account.credential.clone())
            .collect();
        let builder = self
            .webauthn
            .new_challenge_authenticate_builder(credentials, Some(user_verification))
            .map_err(SiteError::Refused)?;
        let (options, state) = self
            .webauthn
            .generate_challenge_authenticate(builder)
            .map_err(SiteError::Refused)?;
        let options = serde_json::to_value(options.public_key)?;
        Ok(Pending {
            options,
            state,
            account: String::new(),
        })
    }

    /// Checks what `get()` returned.
    ///
    /// # Errors
    /// [`SiteError`].
    pub fn signed_in(
        &self,
        pending: &Pending<AuthenticationState>,
        credential: Value,
    ) -> Result<SignedIn, SiteError> {
        let credential: PublicKeyCredential = serde_json::from_value(credential)?;
        let account = self
            .accounts
            .iter()
            .find(|account| account.id.as_slice() == credential.raw_id.as_slice())
            .ok_or(SiteError::Unknown)?;
        let handle = credential.response.user_handle.as_ref();
        if handle.is_some_and(|handle| handle.as_slice() != account.name.as_bytes()) {
            return Err(SiteError::OtherAccount);
        }
        let result = self
            .webauthn
            .authenticate_single_credential(&credential, &pending.state, &account.credential)
            .map_err(SiteError::Refused)?;
        Ok(SignedIn {
            account: account.name.clone(),
            user_verified: result.user_verified(),
        })
    }
}

/// The page. `outcome` is null until the browser has an answer.
const PAGE: &str = r"<!doctype html><meta charset=utf-8><title>Interop</title>
<body style='font:16px sans-serif;background:#eef'><h1>Interop</h1><pre id=log></pre><script>
let outcome = null, stop = null;
async function run(ceremony) {
  outcome = null;
  stop = new AbortController();
  try {
    const credential = await ceremony(stop.signal);
    outcome = { credential: credential.toJSON() };
  } catch (error) {
    outcome = { error: error.name, message: error.message };
  }
  document.getElementById('log').textContent += JSON.stringify(outcome).slice(0, 200) + '\n';
}
function create(options) {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  run(signal => navigator.credentials.create({ publicKey, signal }));
}
function get(options) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  run(signal => navigator.credentials.get({ publicKey, signal }));
}
</script>";
