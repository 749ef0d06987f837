//! What will be asked, as a QR code says it (key 5).

/// What a laptop will probably ask, so that a phone can show the right screen at once. It binds
/// nobody: a laptop may ask something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Hint {
    /// `ga`: to sign in. What a phone assumes when it does not know the text, or there is none.
    #[default]
    GetAssertion,
    /// `mc`: to make a passkey.
    MakeCredential,
    /// `dcp`: to present a digital credential.
    PresentCredential,
    /// `dci`: to receive a digital credential.
    IssueCredential,
}

impl Hint {
    /// The text that stands for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GetAssertion => "ga",
            Self::MakeCredential => "mc",
            Self::PresentCredential => "dcp",
            Self::IssueCredential => "dci",
        }
    }

    pub(super) fn from_text(text: &str) -> Self {
        [
            Self::MakeCredential,
            Self::PresentCredential,
            Self::IssueCredential,
        ]
        .into_iter()
        .find(|hint| hint.as_str() == text)
        .unwrap_or_default()
    }
}
