//! What an app supplies to be heard by the laptop: the radio.

use std::error::Error;

/// Sends one Bluetooth advert for as long as its guard lives.
///
/// The laptop proves that it is near by opening this advert (CTAP 2.2 §11.5.1): whoever did not hear
/// it cannot finish the handshake. So an implementation must use a short-range radio; a stand-in for
/// development must say that it is one.
pub trait Advertiser: Send + Sync {
    /// Keeps the advert on the air. Dropping it takes the advert off, and must not block.
    type Guard: Send;

    /// Starts to advertise `service_data` as service data of the 16-bit UUID
    /// [`SERVICE_UUID`](hawser_proto::SERVICE_UUID), with that UUID in the list of complete 16-bit service UUIDs,
    /// and without a device name: 20 bytes of data leave no room for one in a legacy advert.
    ///
    /// Non-connectable is enough. The interval should be short (100 ms or so): a person is waiting.
    ///
    /// # Errors
    /// [`AdvertiseError`] when the advert did not go on the air.
    ///
    /// # Cancel safety
    /// When the future is dropped early, no advert may stay on the air.
    fn advertise(
        &self,
        service_data: &[u8],
    ) -> impl Future<Output = Result<Self::Guard, AdvertiseError>> + Send;
}

/// Why an advert did not go on the air. Every kind but the last is one that a person can act on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdvertiseError {
    /// There is no Bluetooth adapter.
    #[error("no Bluetooth adapter found: plug one in, or use a device that has one")]
    NoAdapter,
    /// The adapter is switched off or blocked.
    #[error("Bluetooth is off: switch it on and scan again")]
    PoweredOff,
    /// The system does not let this app advertise.
    #[error("the system does not allow this app to use Bluetooth: allow it in the settings")]
    NotPermitted(#[source] Cause),
    /// The adapter or its driver cannot advertise service data.
    #[error("this Bluetooth adapter cannot advertise")]
    Unsupported(#[source] Cause),
    /// Other apps hold every advertising slot of the adapter.
    #[error("other apps use up what this Bluetooth adapter can advertise: stop one and scan again")]
    Busy(#[source] Cause),
    /// Anything else.
    #[error("the Bluetooth advert could not be started")]
    Other(#[source] Cause),
}

/// The error of the radio library underneath.
pub type Cause = Box<dyn Error + Send + Sync>;
