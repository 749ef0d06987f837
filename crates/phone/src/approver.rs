//! What an app supplies to ask its user: the prompt.

/// Asks the person who holds the phone.
///
/// It is asked before any key is made or used, and before the laptop learns whether this phone has a
/// passkey at all. Approval is the whole consent: there is no other step between it and a signature.
pub trait Approver: Send + Sync {
    /// Shows `ask` and returns what the person decided.
    ///
    /// [`Ask::rp_id`] must be on the screen: it is the only name that the relying party cannot choose
    /// freely, and the only defence against a code that was shown by somebody else's page. When
    /// [`Ask::user_verification`] is set, approval also states that the person was verified (PIN,
    /// fingerprint, face), and the relying party will rely on it.
    ///
    /// There is no need for a time limit here: the caller has one.
    ///
    /// # Cancel safety
    /// The future is dropped when the laptop goes away or time is up; the prompt must then disappear.
    fn approve(&self, ask: &Ask<'_>) -> impl Future<Output = Decision> + Send;
}

/// What a laptop wants, as far as a person needs to know.
///
/// Every text in it comes from the laptop: show it as plain text, cut to a sensible length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ask<'a> {
    /// What approval will do.
    pub operation: Operation,
    /// Who asks: the relying party's id, a domain name such as `example.com`.
    pub rp_id: &'a str,
    /// The name that the relying party gives itself, if any. Not verified by anybody.
    pub rp_name: Option<&'a str>,
    /// [`Operation::Register`]: the one account that the passkey will be for.
    /// [`Operation::SignIn`]: the accounts to choose among, newest passkey first, at least one.
    /// [`Operation::AlreadyRegistered`]: the account that has a passkey.
    /// [`Operation::NoPasskey`]: empty.
    pub accounts: &'a [Account<'a>],
    /// Whether approval must include verifying the person. Otherwise a tap is enough.
    pub user_verification: bool,
}

/// What approval of an [`Ask`] does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Makes a passkey and stores it on this phone.
    Register,
    /// Signs in with a passkey of this phone.
    SignIn,
    /// Only tells the laptop that this phone already has a passkey for the account.
    AlreadyRegistered,
    /// Only tells the laptop that this phone has no passkey for the relying party.
    NoPasskey,
}

/// An account at a relying party, in the relying party's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account<'a> {
    /// What the person calls the account: an e-mail address, a user name. May be missing.
    pub name: Option<&'a str>,
    /// The person's name. May be missing.
    pub display_name: Option<&'a str>,
}

impl<'a> Account<'a> {
    /// Laptops send an empty text for a name that is missing.
    pub(crate) fn new(name: Option<&'a str>, display_name: Option<&'a str>) -> Self {
        Self {
            name: name.filter(|name| !name.is_empty()),
            display_name: display_name.filter(|name| !name.is_empty()),
        }
    }
}

/// What the person decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Go ahead, with the first of [`Ask::accounts`] when there are several.
    Approve,
    /// Go ahead with this one of [`Ask::accounts`]. An index out of range declines.
    ApproveAs(usize),
    /// Do not. The laptop is told `CTAP2_ERR_OPERATION_DENIED`.
    Decline,
}
