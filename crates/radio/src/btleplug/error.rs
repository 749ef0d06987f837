//! What can be wrong with Bluetooth on Windows and macOS, and what to do about it.

use hawser_laptop::ScanError;

/// Why Bluetooth cannot be used. Every message says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BtleplugError {
    /// The machine has no adapter. Windows only: macOS reports [`NotReady`](Self::NotReady) then.
    #[error("this computer has no Bluetooth adapter: plug one in")]
    NoAdapter,
    /// No adapter is switched on.
    #[error("Bluetooth is off: switch it on in the system's settings")]
    PoweredOff,
    /// The system does not let this program use Bluetooth.
    #[error("this program may not use Bluetooth: allow it in the system's privacy settings")]
    NotPermitted(#[source] btleplug::Error),
    /// The system says neither that Bluetooth is on nor that it is off.
    ///
    /// Windows: the radio is disabled. macOS: there is no adapter, the user has just refused, or the stack restarts.
    #[error(
        "Bluetooth is not ready: see in the system's settings that there is an adapter, that it is enabled, and that this program may use it"
    )]
    NotReady,
    /// The system stopped reporting.
    #[error("the Bluetooth service no longer answers: switch Bluetooth off and on")]
    NoAnswer,
    /// The system refused for a reason that is not one of the above.
    #[error("the system's Bluetooth refused: switch Bluetooth off and on")]
    Refused(#[source] btleplug::Error),
}

impl From<btleplug::Error> for BtleplugError {
    fn from(error: btleplug::Error) -> Self {
        match &error {
            btleplug::Error::PermissionDenied => Self::NotPermitted(error),
            btleplug::Error::NoAdapterAvailable => Self::NoAdapter,
            // Of an error of Windows, btleplug keeps only the text. The code in it is the same in every language.
            btleplug::Error::Other(cause) => {
                let text = cause.to_string();
                if text.contains(E_ACCESSDENIED) {
                    Self::NotPermitted(error)
                } else if text.contains(ERROR_DEVICE_NOT_AVAILABLE) {
                    Self::PoweredOff
                } else {
                    Self::Refused(error)
                }
            }
            _ => Self::Refused(error),
        }
    }
}

/// Windows: the privacy settings or a policy forbid it.
const E_ACCESSDENIED: &str = "0x80070005";
/// Windows: "the device is not ready for use", which is what a scan meets when the radio is off.
const ERROR_DEVICE_NOT_AVAILABLE: &str = "0x800710DF";

impl From<BtleplugError> for ScanError {
    fn from(error: BtleplugError) -> Self {
        match error {
            BtleplugError::NoAdapter => Self::NoAdapter,
            BtleplugError::PoweredOff => Self::PoweredOff,
            BtleplugError::NotPermitted(_) => Self::PermissionDenied,
            BtleplugError::NoAnswer => Self::ServiceUnavailable(Some(error.into())),
            BtleplugError::NotReady | BtleplugError::Refused(_) => Self::Failed(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_windows(code: &str) -> ScanError {
        let text = format!("Error {{ code: HRESULT({code}), message: \"...\" }}");
        BtleplugError::from(btleplug::Error::Other(text.into())).into()
    }

    #[test]
    fn what_the_user_can_mend_is_told_apart() {
        let denied = BtleplugError::from(btleplug::Error::PermissionDenied);
        assert!(matches!(denied.into(), ScanError::PermissionDenied));
        let missing = BtleplugError::from(btleplug::Error::NoAdapterAvailable);
        assert!(matches!(missing.into(), ScanError::NoAdapter));
        let denied = of_windows("0x80070005");
        assert!(matches!(denied, ScanError::PermissionDenied), "{denied:?}");
        let off = of_windows("0x800710DF");
        assert!(matches!(off, ScanError::PoweredOff), "{off:?}");
        let other = of_windows("0x80004005");
        assert!(matches!(other, ScanError::Failed(_)), "{other:?}");
    }
}
