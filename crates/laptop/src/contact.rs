//! One request to a linked phone and what comes of it.

use hawser_proto::{Hint, Link, LinkedRequest, OsRng};

use crate::error::LaptopError;
use crate::laptop::Laptop;
use crate::transaction::{Transaction, asks_the_phone};

/// A linked phone that is to be asked, without a QR code (CTAP 2.2 §11.5.2): good for one transaction.
///
/// The phone's tunnel service wakes it; its person may have to tap a notification before anything else happens. The phone must be
/// near: it proves that by its advert, as after a QR code.
///
/// # Cancel safety
/// The futures of all methods may be dropped at any time; that ends the scan and closes the tunnel. The phone may have been
/// woken all the same. To end a transaction politely, see [`Canceller`](crate::Canceller).
#[derive(Debug)]
pub struct Contact {
    transaction: Transaction<Linked>,
}

/// The way to a linked phone.
#[derive(Debug)]
pub(crate) struct Linked {
    pub(crate) link: Link,
    pub(crate) request: LinkedRequest,
}

impl Laptop {
    /// Sends for a phone that this laptop is linked with, as far as to be asked.
    ///
    /// `hint` should be [`Hint::GetAssertion`] or [`Hint::MakeCredential`]; phones ignore others. It takes a tunnel service that
    /// can wake phones, which `hawser-relay` by itself cannot.
    ///
    /// # Errors
    /// [`LaptopError::Start`] when the system's random number generator fails.
    pub fn contact(&self, link: Link, hint: Hint) -> Result<Contact, LaptopError> {
        let request = LinkedRequest::new(&mut OsRng, &link, hint)
            .map_err(|error| LaptopError::Start(error.into()))?;
        let linked = Linked { link, request };
        Ok(Contact {
            transaction: Transaction::new(self.clone(), linked),
        })
    }
}

asks_the_phone!(Contact);
