//! The authenticator: CTAP2 commands, answered with passkeys of a store after its user was asked.

use std::fmt;
use std::time::Duration;

use passkey_authenticator::{CredentialStore, UiHint, UserCheck, UserValidationMethod};
use passkey_crypto::iana;
use passkey_crypto::rust_crypto::RustCryptoBackend;
use passkey_types::Passkey;
use passkey_types::ctap2::{Aaguid, Ctap2Error, StatusCode, get_assertion, make_credential};
use passkey_types::webauthn::PublicKeyCredentialDescriptor;
use tokio::time::timeout;

use crate::approver::{Account, Approver, Ask, Decision, Operation};
use crate::ctap::{self, GetAssertion, Request};
use crate::ctap_authenticator::{Asking, CtapAuthenticator};

/// Answers CTAP2 requests (CTAP 2.2 §6) with the passkeys of a store, whenever its user approves.
///
/// Keys, signatures and authenticator data come from the `passkey` crates; this type decides what is
/// asked and when. Nothing is signed, made or told before the [`Approver`] has been asked, and a
/// request that could not succeed anyway does not bother it.
///
/// - User verification is the approver's: there are no PIN protocols over hybrid.
/// - Every passkey is discoverable, whatever the laptop wished for.
/// - No extension is supported; extensions in requests are ignored.
/// - Attestation is `none` and the AAGUID is zero unless one is given.
/// - Passkeys are said to be backed up (flags BE and BS), which the library underneath always
///   does. So keep the store somewhere that is.
pub struct Authenticator<S, A> {
    passkeys: Passkeys<S>,
    approver: A,
}

type Passkeys<S> = passkey_authenticator::Authenticator<S, AlreadyAsked, RustCryptoBackend>;

/// How long a person has for a decision, unless told otherwise: Android phones give a minute, which
/// is short for someone who has to find the right finger.
pub(crate) const APPROVAL_LIMIT: Duration = Duration::from_mins(2);

impl<S, A> Authenticator<S, A>
where
    S: CredentialStore<PasskeyItem = Passkey> + Send + Sync,
    A: Approver,
{
    /// An authenticator with an AAGUID of zeros, as befits one without attestation.
    pub fn new(store: S, approver: A) -> Self {
        Self::with_aaguid([0; 16], store, approver)
    }

    /// An authenticator that names its make with an AAGUID. Relying parties use it to show an icon.
    pub fn with_aaguid(aaguid: [u8; 16], store: S, approver: A) -> Self {
        let mut passkeys = Passkeys::new(Aaguid(aaguid), store, AlreadyAsked, RustCryptoBackend);
        // The backend offers more, but labels its ESP256 keys ES256, and its ML-DSA keys make messages
        // that no relying party has been seen to accept. Neither algorithm here can be refused.
        let _ = passkeys.set_algorithms(&[iana::Algorithm::ES256, iana::Algorithm::EdDSA]);
        Self { passkeys, approver }
    }

    /// What this authenticator can do: the CBOR of the `authenticatorGetInfo` response, without a
    /// status byte (CTAP 2.2 §6.4). This is what a laptop is told right after the handshake.
    ///
    /// # Errors
    /// None that can happen; empty if it did.
    pub async fn info(&self) -> Vec<u8> {
        let info = self.passkeys.get_info().await;
        ctap::to_canonical(&*info).unwrap_or_default()
    }

    /// Answers one request: a command byte and CBOR in, a status byte and CBOR out.
    ///
    /// Every request gets an answer, however malformed: the status byte says what is wrong. When the
    /// person takes longer than two minutes the answer is `CTAP2_ERR_USER_ACTION_TIMEOUT`.
    ///
    /// # Cancel safety
    /// Dropping the future withdraws the prompt. Nothing has been signed or stored while the approver
    /// was waiting; after its approval a new passkey may have been stored that no relying party knows.
    pub async fn respond(&mut self, request: &[u8]) -> Vec<u8> {
        let mut nobody = |_: Operation, _: &str| {};
        let asking = Asking::new(APPROVAL_LIMIT, &mut nobody);
        self.answer(request, asking).await
    }

    /// The store.
    pub fn store(&self) -> &S {
        self.passkeys.store()
    }

    /// The store, to change it.
    pub fn store_mut(&mut self) -> &mut S {
        self.passkeys.store_mut()
    }

    /// The approver.
    pub fn approver(&self) -> &A {
        &self.approver
    }

    /// CTAP 2.2 §6.1.2.
    async fn make_credential(
        &mut self,
        mut request: make_credential::Request,
        asking: &mut Asking<'_>,
    ) -> Result<make_credential::Response, StatusCode> {
        if !request.options.up {
            return Err(Ctap2Error::InvalidOption.into());
        }
        if request.pin_auth.is_some() {
            return Err(Ctap2Error::PinAuthInvalid.into());
        }
        self.passkeys
            .choose_algorithm(&request.pub_key_cred_params)?;

        // Taken out of the request: the library would ask a second time, and then register all the same.
        let excluded = match request.exclude_list.take() {
            Some(list) if !list.is_empty() => self.find(Some(&list), &request.rp.id).await?,
            _ => Vec::new(),
        };
        let mut ask = Ask {
            operation: Operation::Register,
            rp_id: &request.rp.id,
            rp_name: request.rp.name.as_deref(),
            accounts: &[Account::new(
                Some(&request.user.name),
                Some(&request.user.display_name),
            )],
            user_verification: request.options.uv,
        };
        if let Some(existing) = excluded.first() {
            ask.operation = Operation::AlreadyRegistered;
            let accounts = [account(existing)];
            ask.accounts = &accounts;
            ask.user_verification = false;
            self.ask(&ask, asking).await?;
            return Err(Ctap2Error::CredentialExcluded.into());
        }
        self.ask(&ask, asking).await?;

        self.passkeys.make_credential(request).await
    }

    /// CTAP 2.2 §6.2.2.
    async fn get_assertion(
        &mut self,
        GetAssertion {
            mut request,
            restricted,
        }: GetAssertion,
        asking: &mut Asking<'_>,
    ) -> Result<get_assertion::Response, StatusCode> {
        if !request.options.up {
            // A silent probe would tell a laptop which accounts this phone has.
            return Err(Ctap2Error::UnsupportedOption.into());
        }
        if request.pin_auth.is_some() {
            return Err(Ctap2Error::PinAuthInvalid.into());
        }

        let allowed = restricted.then(|| request.allow_list.take().unwrap_or_default());
        let candidates = self.find(allowed.as_deref(), &request.rp_id).await?;
        let accounts: Vec<_> = candidates.iter().map(account).collect();
        let ask = Ask {
            operation: if candidates.is_empty() {
                Operation::NoPasskey
            } else {
                Operation::SignIn
            },
            rp_id: &request.rp_id,
            rp_name: None,
            accounts: &accounts,
            user_verification: request.options.uv && !candidates.is_empty(),
        };
        let chosen = self.ask(&ask, asking).await?;
        let Some(passkey) = candidates.get(chosen) else {
            return Err(Ctap2Error::NoCredentials.into());
        };

        request.allow_list = Some(vec![passkey.into()]);
        let mut response = self.passkeys.get_assertion(request).await?;
        // So that the laptop does not ask again (CTAP 2.2 §6.2.2, userSelected).
        response.user_selected = (!restricted && candidates.len() > 1).then_some(true);
        Ok(response)
    }

    /// The passkeys for a relying party, newest first; with a list, only those on it.
    ///
    /// Checks what the store returns: a store may be written by the app, and what it gets wrong here
    /// would be a signature for the wrong relying party.
    async fn find(
        &self,
        ids: Option<&[PublicKeyCredentialDescriptor]>,
        rp_id: &str,
    ) -> Result<Vec<Passkey>, StatusCode> {
        let listed = |passkey: &Passkey| {
            ids.is_none_or(|ids| {
                ids.iter()
                    .any(|id| id.is_known() && id.id == passkey.credential_id)
            })
        };
        match self.store().find_credentials(ids, rp_id, None).await {
            Ok(mut found) => {
                found.retain(|passkey| passkey.rp_id == rp_id && listed(passkey));
                Ok(found)
            }
            Err(status) if status == StatusCode::from(Ctap2Error::NoCredentials) => Ok(Vec::new()),
            Err(status) => Err(status),
        }
    }

    /// Asks, and returns the index of the chosen account.
    async fn ask(&self, ask: &Ask<'_>, asking: &mut Asking<'_>) -> Result<usize, Ctap2Error> {
        asking.asked(ask.operation, ask.rp_id);
        let decision = timeout(asking.limit(), self.approver.approve(ask))
            .await
            .map_err(|_| Ctap2Error::UserActionTimeout)?;
        match decision {
            Decision::Approve => Ok(0),
            Decision::ApproveAs(index) if index < ask.accounts.len() => Ok(index),
            Decision::ApproveAs(_) | Decision::Decline => Err(Ctap2Error::OperationDenied),
        }
    }
}

impl<S, A> CtapAuthenticator for Authenticator<S, A>
where
    S: CredentialStore<PasskeyItem = Passkey> + Send + Sync,
    A: Approver,
{
    async fn get_info(&self) -> Vec<u8> {
        self.info().await
    }

    async fn answer(&mut self, request: &[u8], mut asking: Asking<'_>) -> Vec<u8> {
        match ctap::decode(request) {
            Ok(Request::MakeCredential(request)) => {
                ctap::reply(self.make_credential(*request, &mut asking).await)
            }
            Ok(Request::GetAssertion(request)) => {
                ctap::reply(self.get_assertion(*request, &mut asking).await)
            }
            Ok(Request::Info) => [&[ctap::OK], self.info().await.as_slice()].concat(),
            Err(status) => vec![status.into()],
        }
    }
}

impl<S, A> fmt::Debug for Authenticator<S, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator").finish_non_exhaustive()
    }
}

/// What the library is told when it wants to ask: by then, [`Authenticator::ask`] has.
struct AlreadyAsked;

#[async_trait::async_trait]
impl UserValidationMethod for AlreadyAsked {
    type PasskeyItem = Passkey;

    async fn check_user<'a>(
        &self,
        _hint: UiHint<'a, Passkey>,
        presence: bool,
        verification: bool,
    ) -> Result<UserCheck, Ctap2Error> {
        Ok(UserCheck {
            presence,
            verification,
        })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }
}

fn account(passkey: &Passkey) -> Account<'_> {
    Account::new(
        passkey.username.as_deref(),
        passkey.user_display_name.as_deref(),
    )
}
