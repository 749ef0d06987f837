//! Where adverts come from: the app supplies the radio.

use std::error::Error;
use std::future::Future;

/// A Bluetooth Low Energy scan that is under way.
///
/// The laptop takes every advert that it is given and keeps the one that its own QR code explains
/// (a trial decryption), so a scanner needs no cryptography: it hands over the **service data** of
/// everything it hears under [`SERVICE_UUID`](hawser_proto::SERVICE_UUID) (`0xFFF9`) and
/// [`LEGACY_SERVICE_UUID`](hawser_proto::LEGACY_SERVICE_UUID) (`0xFDE2`), the 16-bit UUID itself
/// left out. The air is full of other people's adverts; junk of any length is welcome here.
///
/// Two things make the difference on a real radio. Scan without a filter on service UUIDs (BlueZ
/// then hides exactly these adverts) and have duplicates reported, because a phone that is heard
/// again under a new routing id looks like a duplicate.
///
/// Dropping a scanner ends the scan. [`Invite::run`](crate::Invite::run) drops it as soon as the
/// phone is found, so that no radio works in vain while the user looks at the phone.
pub trait Scanner: Send {
    /// Starts the scan, and returns once it is under way: the code is shown after that, so that no advert is
    /// missed and nobody scans in vain.
    ///
    /// Unless it is implemented, it does nothing: for scanners that are under way from their creation or
    /// from the first moment of [`next`](Self::next).
    ///
    /// # Errors
    /// [`ScanError`], after which the laptop gives up, before there was a code.
    ///
    /// # Cancel safety
    /// Must be cancel safe: it may be called again, and so may [`next`](Self::next) without it.
    fn start(&mut self) -> impl Future<Output = Result<(), ScanError>> + Send {
        async { Ok(()) }
    }

    /// The service data of the next advert. Starts the scan if need be.
    ///
    /// Pends while nothing is heard; it never ends the scan by itself.
    ///
    /// # Errors
    /// [`ScanError`], after which the laptop gives up: a scanner that can recover does so inside.
    ///
    /// # Cancel safety
    /// Must be cancel safe: a future that is dropped loses no advert, and the scan goes on between
    /// two calls.
    fn next(&mut self) -> impl Future<Output = Result<Vec<u8>, ScanError>> + Send;
}

impl<S: Scanner> Scanner for &mut S {
    fn start(&mut self) -> impl Future<Output = Result<(), ScanError>> + Send {
        (**self).start()
    }

    fn next(&mut self) -> impl Future<Output = Result<Vec<u8>, ScanError>> + Send {
        (**self).next()
    }
}

/// Why there is nothing to hear. Every message tells the user what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// This machine has no Bluetooth adapter.
    #[error("this computer has no Bluetooth adapter: plug one in, or use another way to sign in")]
    NoAdapter,
    /// There is an adapter, and it is switched off (by software or by a switch).
    #[error("Bluetooth is switched off: switch it on and try again")]
    PoweredOff,
    /// The system does not let this program use Bluetooth.
    #[error("this program may not use Bluetooth: allow it in the system's privacy settings")]
    PermissionDenied,
    /// The system's Bluetooth service is not running or does not answer.
    #[error("the Bluetooth service does not answer: start it (on Linux: bluetoothd) and try again")]
    ServiceUnavailable(#[source] Option<Box<dyn Error + Send + Sync>>),
    /// The scan was refused or broke off for another reason; the source knows more.
    #[error("the Bluetooth scan failed: switch Bluetooth off and on, then try again")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

impl ScanError {
    /// [`ScanError::Failed`] because of `cause`.
    pub fn failed(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(cause.into())
    }
}
