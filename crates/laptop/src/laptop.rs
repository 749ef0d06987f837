//! The laptop: how to reach tunnel services, and how long to wait for whom. How it asks a phone stands in `invite` and
//! `contact`, the two ways to one.

use std::time::Duration;

use hawser_tunnel::Dialer;

/// A laptop that can ask phones. Cheap to clone; one serves any number of transactions.
#[derive(Debug, Clone)]
pub struct Laptop {
    pub(crate) dialer: Dialer,
    pub(crate) limits: Limits,
    links: Links,
}

/// Whether QR codes say that this laptop can ask a phone again without one.
#[derive(Debug, Clone, Copy)]
enum Links {
    Unwanted,
    Welcome,
}

/// How long a laptop waits. Every wait in this crate ends by one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// A whole transaction, from the first look for the phone to its reply: 5 minutes, which is what
    /// WebAuthn recommends for a ceremony with user verification. The goodbye comes on top.
    pub transaction: Duration,
    /// From the first look to the phone's advert: 2 minutes, as long as tunnel services keep a waiting
    /// phone. Whoever has not found the phone by then has given up or has no Bluetooth. A linked phone has as long from when
    /// it is sent for.
    pub advert: Duration,
    /// From the joined tunnel to the phone's first encrypted message: 20 seconds. No person is
    /// involved, but a phone on a bad network is. (Joining has the [`Dialer`]'s limit.)
    pub handshake: Duration,
    /// After the goodbye, for the phone to hang up or to offer a link: 2 seconds, because the reply
    /// waits for it. Phones usually hang up at once.
    pub linger: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            transaction: Duration::from_mins(5),
            advert: Duration::from_mins(2),
            handshake: Duration::from_secs(20),
            linger: Duration::from_secs(2),
        }
    }
}

impl Laptop {
    /// A laptop with the default [`Limits`].
    #[must_use]
    pub fn new(dialer: Dialer) -> Self {
        Self::with_limits(dialer, Limits::default())
    }

    /// A laptop that waits for as long as `limits` say.
    #[must_use]
    pub fn with_limits(dialer: Dialer, limits: Limits) -> Self {
        Self {
            dialer,
            limits,
            links: Links::Unwanted,
        }
    }

    /// Lets phones offer to be asked without a QR code from now on. The app must store what comes with
    /// [`Progress::Linked`](crate::Progress::Linked), or the user is promised something in vain.
    ///
    /// Codes of other laptops say that they store no link; a phone may offer one all the same.
    #[must_use]
    pub fn welcome_links(mut self) -> Self {
        self.links = Links::Welcome;
        self
    }

    pub(crate) fn welcomes_links(&self) -> bool {
        matches!(self.links, Links::Welcome)
    }
}
