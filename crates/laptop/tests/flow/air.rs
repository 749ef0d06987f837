//! The radio: a channel.

use hawser_laptop::{ScanError, Scanner};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What is in the air, heard in the order in which it was sent.
pub(crate) struct Air(UnboundedSender<Result<Vec<u8>, ScanError>>);

/// The laptop's ear for it.
pub(crate) struct Radio(UnboundedReceiver<Result<Vec<u8>, ScanError>>);

pub(crate) fn air() -> (Air, Radio) {
    let (sender, receiver) = unbounded_channel();
    (Air(sender), Radio(receiver))
}

impl Air {
    pub(crate) fn advertise(&self, data: impl Into<Vec<u8>>) {
        // Nobody may be listening any more; the air does not mind.
        let _ = self.0.send(Ok(data.into()));
    }

    pub(crate) fn fail(&self, error: ScanError) {
        let _ = self.0.send(Err(error));
    }

    /// Pends until the laptop has stopped listening.
    pub(crate) async fn silence(&self) {
        self.0.closed().await;
    }
}

impl Scanner for Radio {
    async fn next(&mut self) -> Result<Vec<u8>, ScanError> {
        match self.0.recv().await {
            Some(heard) => heard,
            None => std::future::pending().await,
        }
    }
}
