//! One QR code and what comes of it.

use std::time::SystemTime;

use hawser_proto::{Hint, LaptopInvitation, OsRng};

use crate::error::LaptopError;
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

impl Laptop {
    /// Makes a QR code: fresh keys for one transaction with whichever phone sees it.
    ///
    /// `hint` tells the phone which screen to show; it binds nobody. `now` goes into the code as well;
    /// phones show it at most.
    ///
    /// # Errors
    /// [`LaptopError::Start`] when the system's random number generator fails.
    pub fn invite(&self, hint: Hint, now: SystemTime) -> Result<Invite, LaptopError> {
        let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH).ok();
        let timestamp = since_epoch.map(|since_epoch| since_epoch.as_secs());
        let can_link = self.welcomes_links();
        let invitation = LaptopInvitation::new(&mut OsRng, hint, timestamp, can_link)
            .map_err(|error| LaptopError::Start(error.into()))?;
        Ok(Invite {
            transaction: Transaction::new(self.clone(), invitation),
        })
    }
}

impl Invite {
    /// What to draw as a QR code: `FIDO:/` and digits. Whoever sees it can take the phone's place, so
    /// it belongs on the screen and nowhere else.
    #[must_use]
    pub fn uri(&self) -> String {
        self.transaction.way.invitation().to_uri()
    }
}

asks_the_phone!(Invite);
