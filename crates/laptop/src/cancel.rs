//! Stopping a transaction on purpose.

use tokio_util::sync::CancellationToken;

/// Ends a transaction from elsewhere, for instance from a "Cancel" button. Clones end the same one.
///
/// Dropping the future of a transaction ends it as well, but without a word to the phone, which then
/// shows an error where it could have gone back to its home screen.
#[derive(Debug, Clone, Default)]
pub struct Canceller(CancellationToken);

impl Canceller {
    /// Ends the transaction: it says goodbye to the phone, if the connection is
    /// [secured](crate::Progress::Secured) by then, and returns
    /// [`LaptopError::Cancelled`](crate::LaptopError::Cancelled). Does nothing after its end, nor when the phone has
    /// done what it was asked by then: what it has made must not be lost, so its response is returned.
    pub fn cancel(&self) {
        self.0.cancel();
    }

    pub(crate) async fn cancelled(&self) {
        self.0.cancelled().await;
    }
}
