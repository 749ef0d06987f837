//! One QR code and what comes of it.

use hawser_proto::LaptopInvitation;

use crate::laptop::Laptop;
use crate::transaction::{Transaction, asks_the_phone};

/// An invitation to any phone that sees the QR code: good for one transaction with one phone.
///
/// Show the code when [`Progress::WaitingForScan`](crate::Progress::WaitingForScan) arrives, not before: by then the radio
/// listens, and a phone may send its advert within a second of seeing the code.
///
/// # Cancel safety
/// The futures of all methods may be dropped at any time; that ends the scan and closes the tunnel. It
/// is not polite to the phone, though: see [`Canceller`](crate::Canceller).
#[derive(Debug)]
pub struct Invite {
    transaction: Transaction<LaptopInvitation>,
}

impl Invite {
    pub(crate) fn new(laptop: Laptop, invitation: LaptopInvitation) -> Self {
        Self {
            transaction: Transaction::new(laptop, invitation),
        }
    }

    /// What to draw as a QR code: `FIDO:/` and digits. Whoever sees it can take the phone's place, so
    /// it belongs on the screen and nowhere else.
    #[must_use]
    pub fn uri(&self) -> String {
        self.transaction.way.invitation().to_uri()
    }
}

asks_the_phone!(Invite);
