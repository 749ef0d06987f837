//! Why a phone does not do what its page wants.

use hawser_phone::store::FileStoreError;

/// Why a phone does not do what its page wants.
#[derive(Debug, thiserror::Error)]
pub(in crate::console) enum PhoneRefusal {
    #[error("this phone is busy: finish what it does, or cancel it")]
    Busy,
    #[error("this is a QR code, but not a sign-in code")]
    OtherCode,
    #[error("no sign-in code is on the screen: start a sign-in first")]
    NothingOnScreen,
    #[error("nothing is being asked: it may have been withdrawn")]
    NothingAsked,
    #[error("this phone has no such passkey")]
    NoSuchPasskey,
    #[error("the phone's passkeys cannot be written")]
    Store(#[from] FileStoreError),
    #[error("there is no such phone")]
    NoSuchPhone,
}
