//! One request to a linked phone and what comes of it.

use hawser_proto::{Link, LinkedRequest};

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

impl Contact {
    pub(crate) fn new(laptop: Laptop, linked: Linked) -> Self {
        Self {
            transaction: Transaction::new(laptop, linked),
        }
    }
}

asks_the_phone!(Contact);
